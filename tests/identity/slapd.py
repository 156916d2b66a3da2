"""A real LDAP server: Debian's slapd, with a few people and groups, TLS with a certificate of its own, and no root."""

import asyncio
import datetime
import ipaddress
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kubernetes.process import Process

SUFFIX = "dc=example,dc=com"
PEOPLE, GROUPS = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"
READER, READERS_PASSWORD = f"cn=reader,{SUFFIX}", "of the reader alone"
_SCHEMAS = Path("/etc/ldap/schema")
_MODULES = Path("/usr/lib/ldap")
_START_SECONDS = 180.0

_CONFIG = """
{includes}
modulepath {modules}
moduleload back_mdb
pidfile {folder}/pid
TLSCACertificateFile {folder}/certificate.pem
TLSCertificateFile {folder}/certificate.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
suffix "{suffix}"
directory {folder}/data
rootdn "cn=root,{suffix}"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by * none
"""
_ENTRIES = f"""
dn: {SUFFIX}
objectClass: domain
dc: example

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {READERS_PASSWORD}

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: uid=carol,{PEOPLE}
objectClass: inetOrgPerson
uid: carol
cn: Carol
sn: Otter
mail: carol@example.com
userPassword: carols password in the directory

dn: cn=Odd \\28Name\\29\\2C with*,{PEOPLE}
objectClass: inetOrgPerson
uid: odd(name)*
cn: Odd (Name), with*
sn: Odd
userPassword: odd password in the directory

dn: uid=twin,{PEOPLE}
objectClass: inetOrgPerson
uid: twin
cn: Twin
sn: One
userPassword: twins password in the directory

dn: cn=Twin,{PEOPLE}
objectClass: inetOrgPerson
uid: twin
cn: Twin
sn: Two
userPassword: twins password in the directory

dn: cn=platform,{GROUPS}
objectClass: groupOfNames
cn: platform
member: uid=carol,{PEOPLE}

dn: cn=odd ones,{GROUPS}
objectClass: groupOfNames
cn: odd ones
member: cn=Odd \\28Name\\29\\2C with*,{PEOPLE}
"""


@dataclass
class Slapd:
    folder: Path
    port: int
    tls_port: int

    @property
    def ca_file(self) -> Path:
        return self.folder / "certificate.pem"


def find_slapd() -> str:
    """Where the program is; where there is none the test is skipped, except where nobody would notice."""
    found = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        reason = "There is no slapd: on Debian, apt install slapd."
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Slapd]:
    """Runs a directory in the folder."""
    program = find_slapd()
    slapd = Slapd(folder, _free_port(), _free_port())
    config, log = _filled(program, folder), folder / "log"
    addresses = f"ldap://127.0.0.1:{slapd.port} ldaps://127.0.0.1:{slapd.tls_port}"
    process = Process([program, "-d", "0", "-f", config, "-h", addresses], log)
    process.start()
    try:
        await _listening(process, slapd.tls_port)
        yield slapd
    finally:
        await process.stop()


def _filled(program: str, folder: Path) -> Path:
    """Makes the directory's data; gives the path of its configuration."""
    (folder / "data").mkdir()
    _make_certificate(folder)
    includes = "\n".join(f"include {_SCHEMAS / name}.schema" for name in ("core", "cosine", "inetorgperson"))
    config, entries = folder / "slapd.conf", folder / "entries.ldif"
    config.write_text(_CONFIG.format(includes=includes, modules=_MODULES, folder=folder, suffix=SUFFIX, reader=READER))
    entries.write_text(_ENTRIES)
    adding = (program, "-T", "add", "-f", config, "-l", entries)
    done = subprocess.run(adding, capture_output=True, timeout=_START_SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    return config


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def _listening(process: Process, port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        assert process.running and time.monotonic() < end, "slapd does not listen"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
