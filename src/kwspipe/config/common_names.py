"""Names of settings in other tools, by the keys of the same meaning."""

# A key that ends with "=" is a group, of which a choice is selected.
_NAMES: dict[tuple[str, ...], str] = {
    ("train.epochs",): (
        "epoch epochs num_epochs n_epochs max_epochs training_epochs steps num_steps training_steps "
        "iterations"
    ),
    ("train.batch_size",): "batch batch_size bs minibatch mini_batch_size train_batch_size",
    ("schedule.initial_learning_rate",): "lr learning_rate initial_lr init_lr base_lr max_lr start_lr eta",
    ("schedule.decay",): "lr_decay learning_rate_decay decay_rate gamma final_lr min_lr",
    ("schedule.warmup_epochs",): "warmup warm_up warmup_steps warmup_ratio",
    ("schedule=",): "scheduler lr_scheduler lr_schedule learning_rate_schedule",
    ("train.weight_decay",): "wd l2 regularization weight_decay_rate",
    ("train.mixup_alpha",): "mixup mix_up",
    ("train.label_smoothing",): "smoothing",
    ("train.ema_decay",): "ema moving_average swa",
    ("train.class_weights",): "class_weight balance balanced weighting",
    ("train.early_stop_patience",): "patience early_stop early_stopping early_stopping_patience",
    ("train.monitor",): "metric metrics best_metric",
    ("train.precision",): "mixed_precision amp fp16 bf16 float16 dtype",
    ("train.workers",): "num_workers n_workers processes num_processes n_jobs jobs",
    ("train.threads",): "num_threads n_threads cpus cores",
    ("tracking=",): "tracker wandb mlflow logger neptune",
    ("dataset.words",): (
        "words word keywords keyword wanted_words wake_word wake_words wakeword wakewords hotword commands "
        "target_words"
    ),
    ("dataset.words", "import.labels"): "labels label classes class_names class_labels",
    ("dataset.root",): (
        "data data_dir data_path data_root data_url datadir dataset_dir dataset_path dataset_root corpus "
        "input_dir recordings train_dir"
    ),
    ("dataset.unknown_words",): "other_words negative_words",
    ("dataset.unknown_class_percentage",): "unknown unknown_percentage unknown_ratio unknown_fraction",
    ("dataset.silence_class_ratio",): "silence silence_percentage silence_ratio silence_fraction",
    ("dataset.validation_fraction",): (
        "val_split validation_split val_fraction valid_fraction val_ratio val_size dev_fraction "
        "validation_ratio validation_size"
    ),
    ("dataset.testing_fraction",): "test_split test_fraction test_ratio test_size testing_ratio testing_size",
    (
        "dataset.noise_roots",
    ): "noise_dir noise_dirs noise_path noise_paths background_dir background_noise_dir",
    ("dataset.negative_roots",): "negative_dir negatives_dir negative_paths non_keyword_dir",
    ("dataset.max_clips_per_word",): "max_samples max_clips num_samples samples_per_class max_per_class",
    ("dataset.mswc.language",): "language lang locale",
    ("dataset.synthetic.engines",): "tts engine engines synthesizer",
    ("dataset.synthetic.max_voices", "dataset.synthetic.kokoro.voices"): "voice voices num_voices",
    ("augment=",): (
        "augmentation augmentations aug noise background_volume background_frequency background_noise "
        "add_noise noise_level noise_snr time_shift time_shift_ms specaug specaugment spec_augment transforms"
    ),
    ("frontend.sample_rate_hz",): "sample_rate sampling_rate samplerate sr fs rate",
    ("frontend.sample_length_ms",): (
        "clip_duration clip_duration_ms clip_length clip_ms duration_ms length_ms sample_length input_length "
        "window_ms"
    ),
    ("frontend.window_size_ms",): "window_size win_length frame_length frame_size frame_length_ms",
    ("frontend.window_step_ms",): (
        "window_stride window_stride_ms window_step hop hop_ms hop_size hop_length stride stride_ms "
        "frame_step frame_shift"
    ),
    ("frontend.filterbank_n_channels",): (
        "n_mels num_mels mels num_mel_bins mel_bins n_mfcc mfcc num_channels features dct_coefficient_count "
        "feature_bin_count"
    ),
    ("frontend.filterbank_upper_band_limit",): "fmax f_max high_freq upper_edge_hertz",
    ("frontend.filterbank_lower_band_limit",): "fmin f_min low_freq lower_edge_hertz",
    ("model=",): "arch architecture model_architecture network net backbone model_name model_type",
    ("model.alpha", "model.filters"): "width width_multiplier width_mult depth_multiplier width_factor",
    ("model.blocks",): "depth layers num_layers num_blocks n_layers",
    ("transfer.path",): (
        "checkpoint ckpt pretrained pretrained_path start_checkpoint weights initial_weights init_from "
        "load_weights restore checkpoint_path"
    ),
    ("transfer.freeze",): "freeze_layers frozen trainable",
    ("distill=",): "teacher distillation knowledge_distillation",
    ("quantize.representative_clips",): (
        "calibration_clips calibration_samples representative_dataset num_calibration_steps"
    ),
    ("detector.detection_threshold",): "threshold thresholds sensitivity trigger_level probability_cutoff",
    ("detector.target_false_accepts_per_hour",): (
        "false_accepts false_accepts_per_hour fah fa_per_hour false_positives_per_hour target_fah"
    ),
    (
        "detector.average_window_duration_ms",
    ): "sliding_window sliding_window_size averaging_window average_window_ms",
    ("detector.suppression_ms",): "suppression refractory_ms debounce debounce_ms cooldown",
    ("detector.volume_gain",): "gain mic_gain",
    ("board.port",): "port serial serial_port tty usb",
    ("board=",): "target target_board mcu hardware",
    ("listen.device", "record.device"): "device mic microphone input_device audio_device",
    ("record.speaker",): "speaker user person",
    ("import.path",): "tflite tflite_path model_path model_file import_path",
    ("name",): "run_name experiment_name job_name project",
    ("run_dir",): (
        "run_root run_directory output output_dir outdir out_dir out output_path save_dir save_path log_dir "
        "logdir summaries_dir work_dir workdir checkpoint_dir model_dir results_dir artifacts"
    ),
    ("stages",): "stage steps_to_run tasks",
    ("from",): "start_from from_stage start start_stage",
    ("force",): "overwrite rerun clean",
    ("seed",): "random_seed rng_seed random_state",
}
SAME_MEANING = {name: keys for keys, names in _NAMES.items() for name in names.split()}

# Names without a counterpart, by the sentence about them.
_TEXTS = {
    "The optimizer is not a setting: Adam, with train.weight_decay": (
        "optimizer optim momentum nesterov beta1 beta2 adam"
    ),
    "There is no dropout. Against overfitting: augment=strong, "
    "train.weight_decay, train.mixup_alpha, train.label_smoothing": (
        "dropout dropout_rate dropout_prob drop_rate keep_prob"
    ),
    "The first visible GPU is used. Choose it with the variable CUDA_VISIBLE_DEVICES": (
        "gpu gpus num_gpus cuda accelerator use_gpu gpu_id"
    ),
    "The loss is not a setting: cross-entropy, with train.label_smoothing and train.class_weights": (
        "loss loss_fn criterion"
    ),
    "The activation is part of the network. Choose a network with model=<choice>": (
        "activation nonlinearity"
    ),
    "The same command resumes an interrupted run": ("resume resume_from continue"),
    "Models are always int8, including inputs and outputs": (
        "bits num_bits quantization quantize_bits weight_bits"
    ),
    "Metrics and curves are in report.html of the run": ("plot plots verbose verbosity log_level"),
}
WITHOUT_COUNTERPART = {name: text for text, names in _TEXTS.items() for name in names.split()}
