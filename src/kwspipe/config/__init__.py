"""Types and checks of the configuration. All values come from conf/."""

from typing import Annotated

from pydantic import Field

from kwspipe.config.dataset import (
    DatasetConfig,
    KokoroConfig,
    LocalRuntimeConfig,
    MswcConfig,
    NegativesConfig,
    RayRuntimeConfig,
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
    MlflowTrackingConfig,
    NoTrackingConfig,
    ReportConfig,
    StreamConfig,
    TrackingConfig,
)
from kwspipe.config.networks import (
    DsCnnConfig,
    MatchboxNetConfig,
    MobileNetV2Config,
    ModelConfig,
    TcResNetConfig,
)
from kwspipe.config.stage_order import MainStageName, StageName, StageNames
from kwspipe.config.training import (
    AugmentConfig,
    CosineScheduleConfig,
    DistillConfig,
    ExponentialScheduleConfig,
    FrontendConfig,
    NoTeacherConfig,
    QuantizeConfig,
    ScheduleConfig,
    SpeechEmbeddingConfig,
    TrainConfig,
)
from kwspipe.config.transfer import (
    BundledTransferConfig,
    NoTransferConfig,
    PathTransferConfig,
    TransferConfig,
    UrlTransferConfig,
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
    "AugmentConfig",
    "BoardConfig",
    "BundledTransferConfig",
    "CompareConfig",
    "CosineScheduleConfig",
    "Count",
    "DatasetConfig",
    "DetectorConfig",
    "DistillConfig",
    "DsCnnConfig",
    "EngineName",
    "EvaluateConfig",
    "ExponentialScheduleConfig",
    "ExportConfig",
    "Fraction",
    "FrontendConfig",
    "ImportConfig",
    "InspectConfig",
    "KokoroConfig",
    "ListenConfig",
    "LocalRuntimeConfig",
    "MainStageName",
    "MatchboxNetConfig",
    "MineConfig",
    "MlflowTrackingConfig",
    "MobileNetV2Config",
    "ModelConfig",
    "MswcConfig",
    "Name",
    "NegativesConfig",
    "NoTeacherConfig",
    "NoTrackingConfig",
    "NoTransferConfig",
    "NotNegative",
    "PathTransferConfig",
    "PipelineConfig",
    "QuantizeConfig",
    "RayRuntimeConfig",
    "RecordConfig",
    "ReportConfig",
    "RuntimeConfig",
    "ScheduleConfig",
    "Sha256",
    "SourceName",
    "SpeechCommandsConfig",
    "SpeechEmbeddingConfig",
    "StageName",
    "StageNames",
    "StreamConfig",
    "SyntheticConfig",
    "TcResNetConfig",
    "Texts",
    "Threshold",
    "TrackingConfig",
    "TrainConfig",
    "TransferConfig",
    "UrlTransferConfig",
    "Urls",
    "Word",
    "Words",
    "typed",
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
