"""Slurm cluster with one controller and one node on this machine, started with the privileges of the test."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "sinfo")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SwitchType=switch/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class CannotStartError(Exception):
    """Raised if Slurm is not installed or cannot run on this machine."""


def _environment(folder: Path) -> dict[str, str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    return {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, cpus: int) -> Iterator[dict[str, str]]:
    """Starts the cluster, yields the environment for its commands, and stops the cluster.

    Args:
        folder: empty folder with a path that is short enough for a socket.
        cpus: number of CPUs, and of parallel jobs with one CPU each.

    Raises:
        CannotStartError: the cluster cannot start. The message contains the reason.
    """
    environment = _environment(folder)
    _check_possible(environment)
    _configure(folder, cpus)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in _commands(folder):
            processes.append(_start(command, environment, folder))
            time.sleep(1)
        _wait_until_idle(processes, environment, folder)
        yield environment
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _check_possible(environment: dict[str, str]) -> None:
    missing = [name for name in PROGRAMS if shutil.which(name, path=environment["PATH"]) is None]
    if missing:
        raise CannotStartError(
            f"needs Debian's slurmctld, slurmd, slurm-client and munge; missing: {', '.join(missing)}"
        )
    if os.getuid() != 0:
        raise CannotStartError("needs root, because slurmd starts jobs as root")


def _configure(folder: Path, cpus: int) -> None:
    (folder / "state").mkdir(parents=True)
    (folder / "spool").mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    values = {"host": socket.gethostname().split(".")[0], "folder": folder, "user": "root", "cpus": cpus}
    ports = {"controller_port": _free_port(), "node_port": _free_port()}
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**values, **ports))


def _commands(folder: Path) -> list[list[str]]:
    return [
        [
            "munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket",
            f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munge.seed", f"--log-file={folder}/munged.log",
        ],
        ["slurmctld", "-D", "-c", "-L", str(folder / "slurmctld.log")],
        ["slurmd", "-D", "-c", "-L", str(folder / "slurmd.log")],
    ]  # fmt: skip


def _start(command: list[str], environment: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    with (folder / f"{command[0]}.out").open("wb") as out:
        return subprocess.Popen([program, *command[1:]], env=environment, stdout=out, stderr=out)


def _wait_until_idle(
    processes: list["subprocess.Popen[bytes]"], environment: dict[str, str], folder: Path
) -> None:
    deadline_s = time.monotonic() + 60
    state = ""
    while time.monotonic() < deadline_s and all(process.poll() is None for process in processes):
        command = ["sinfo", "--noheader", "--format=%T"]
        state = subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip()
        if state == "idle":
            return
        time.sleep(0.5)
    logs = [path.read_text(errors="replace").strip()[-300:] for path in sorted(folder.glob("*.log"))]
    outs = [path.read_text(errors="replace").strip()[-300:] for path in sorted(folder.glob("*.out"))]
    raise CannotStartError(
        f"Slurm does not start on this machine (node {state or 'unknown'}): {' | '.join([*logs, *outs])}"
    )
