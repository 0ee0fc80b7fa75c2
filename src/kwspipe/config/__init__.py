"""Types and checks of the configuration. All values come from conf/."""

from typing import Annotated

from pydantic import Field

from kwspipe.config.dataset import (
    DatasetConfig,
    KokoroConfig,
    MswcConfig,
    NegativesConfig,
    RuntimeConfig,
    SpeechCommandsConfig,
    SyntheticConfig,
)
from kwspipe.config.device import (
    BoardConfig,
    DetectorConfig,
    ExportConfig,
    ImportConfig,
    ListenConfig,
    MineConfig,
    RecordConfig,
)
from kwspipe.config.evaluation import (
    CompareConfig,
    EvaluateConfig,
    InspectConfig,
    ReportConfig,
    StreamConfig,
    TrackingConfig,
)
from kwspipe.config.stage_order import MainStageName, StageName, StageNames
from kwspipe.config.training import (
    AugmentConfig,
    DistillConfig,
    DsCnnConfig,
    FrontendConfig,
    MatchboxNetConfig,
    MobileNetV2Config,
    ModelConfig,
    NoTeacherConfig,
    QuantizeConfig,
    ScheduleConfig,
    SpeechEmbeddingConfig,
    TcResNetConfig,
    TrainConfig,
    TransferConfig,
)
from kwspipe.config.types import (
    Count,
    EngineName,
    Fraction,
    Name,
    NotNegative,
    Sha256,
    SourceName,
    Texts,
    Threshold,
    Urls,
    Word,
    Words,
    typed,
)

__all__ = [
    "AugmentConfig", "BoardConfig", "CompareConfig", "Count", "DatasetConfig",
    "DetectorConfig", "DistillConfig", "DsCnnConfig", "EngineName", "EvaluateConfig", "ExportConfig", "Fraction",
    "FrontendConfig", "ImportConfig", "InspectConfig", "KokoroConfig",
    "ListenConfig", "MainStageName", "MatchboxNetConfig",
    "MineConfig", "MobileNetV2Config", "ModelConfig", "MswcConfig", "Name", "NegativesConfig",
    "NoTeacherConfig", "NotNegative", "PipelineConfig", "QuantizeConfig", "RecordConfig", "ReportConfig",
    "RuntimeConfig", "ScheduleConfig", "Sha256", "SourceName", "SpeechCommandsConfig", "SpeechEmbeddingConfig",
    "StageName", "StageNames", "StreamConfig", "SyntheticConfig", "TcResNetConfig", "Texts", "Threshold",
    "TrackingConfig", "TrainConfig", "TransferConfig", "Urls", "Word", "Words", "typed",
]  # fmt: skip


@typed
class PipelineConfig:
    """The complete configuration of one experiment."""

    name: Name
    run_dir: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    stages: Annotated[tuple[StageName, ...], Field(min_length=1)]
    force: bool | StageNames
    from_stage: Annotated[MainStageName | None, Field(alias="from")]
    dataset: DatasetConfig
    frontend: FrontendConfig
    augment: AugmentConfig
    model: ModelConfig
    transfer: TransferConfig
    distill: DistillConfig
    schedule: ScheduleConfig
    train: TrainConfig
    quantize: QuantizeConfig
    import_model: Annotated[ImportConfig, Field(alias="import")]
    evaluate: EvaluateConfig
    report: ReportConfig
    inspect: InspectConfig
    detector: DetectorConfig
    stream: StreamConfig
    mine: MineConfig
    board: BoardConfig
    compare: CompareConfig
    record: RecordConfig
    runtime: RuntimeConfig
    export: ExportConfig
    listen: ListenConfig
    tracking: TrackingConfig
