# SPDX-License-Identifier: GPL-2.0-only
"""An Intel machine with VMX and EPT: Bochs, which emulates them, with a disk it starts from.

Runs on the developer's machine. The disk is a tar archive: GRUB, on a CD that is made once,
reads its own configuration, the kernel and the initrd out of it.
"""

import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .cache import LabError, built_once, digest, directory, file_stamp

_BOCHS = "/usr/bin/bochs"
_BIOS = "/usr/share/bochs/BIOS-bochs-latest"
_VGA_BIOS = "/usr/share/bochs/VGABIOS-lgpl-latest"
_HEADS, _SECTORS, _SECTOR = 16, 63, 512
# Instructions a second of the machine's own time: about what Bochs reaches.
SPEED = 80_000_000
_GRUB_CONFIG = "set timeout=0\nconfigfile (hd0)/grub.cfg\n"
_GRUB_MODULES = "biosdisk tar configfile linux multiboot"

# The sound card, the speaker and the 3D card stop Bochs where there is no device for them.
_SETTINGS = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file={bios}
vgaromimage: file={vga_bios}
cpu: model={model}, count=1, ips={speed}, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest={mem}, host={mem}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path={disk}, mode=flat, cylinders={cylinders}, heads={heads}, spt={sectors}
ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
ata1-master: type=cdrom, path={cd}, status=inserted
boot: cdrom
{ports}
clock: sync=none, time0=utc
log: {log}
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
sound: driver=dummy
plugin_ctrl: speaker=0, voodoo=0
"""


def boot_cd():
    """The CD that starts GRUB, made once."""
    stamp = digest(file_stamp("/usr/bin/grub-mkrescue"), _GRUB_CONFIG, _GRUB_MODULES)

    def build(temporary):
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "boot/grub/grub.cfg")
            config.parent.mkdir(parents=True)
            config.write_text(_GRUB_CONFIG)
            done = subprocess.run(
                ["grub-mkrescue", "-o", str(temporary), folder, f"--modules={_GRUB_MODULES}",
                 "--locales=", "--fonts=", "--themes=", "--compress=no"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, check=False)
        if done.returncode:
            raise LabError(f"grub-mkrescue failed:\n{done.stdout.strip()}")

    return built_once(directory("images") / f"grub-{stamp}.iso", build)


def write_disk(path, files):
    """A disk with these files, {name: Path or bytes}; returns its cylinders."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            if isinstance(content, bytes):
                source = path.with_name("member")
                source.write_bytes(content)
                archive.add(source, name)
                source.unlink()
            else:
                archive.add(content, name)
    cylinder = _HEADS * _SECTORS * _SECTOR
    cylinders = -(-path.stat().st_size // cylinder)
    os.truncate(path, cylinders * cylinder)
    return cylinders


def command(place, model, mem, files, ports):
    """The command of a machine that starts from these files; place: the run's own folder.

    model: the processor, by Bochs's name. ports: paths of what is behind the serial ports, in
    their order.
    """
    cylinders = write_disk(place / "disk", files)
    lines = [f"com{number}: enabled=1, "
             f"mode={'term' if path.startswith('/dev/') else 'file'}, dev={path}"
             for number, path in enumerate(ports, 1)]
    (place / "bochsrc").write_text(_SETTINGS.format(
        bios=_BIOS, vga_bios=_VGA_BIOS, speed=SPEED, model=model, mem=mem, disk=place / "disk",
        cylinders=cylinders, heads=_HEADS, sectors=_SECTORS, cd=boot_cd(), ports="\n".join(lines),
        log=place / "bochs.log"))
    # Debian's Bochs has its debugger built in, and waits for a command.
    (place / "bochs.go").write_text("c\n")
    return [_BOCHS, "-q", "-f", str(place / "bochsrc"), "-rc", str(place / "bochs.go")]
