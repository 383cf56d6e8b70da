"""What each process of the stack is told: the variables of `docs/operations.md`, in one file per service.

What the launcher's own environment says wins, and is passed on in the files, so that operators' commands see it as
well.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from deploy.demo import company, statements
from deploy.local import trusted_profile
from deploy.local.kafka import KafkaAccess
from deploy.local.places import Places, write_private
from deploy.local.ports import HOST
from deploy.local.postgres import PostgresAccess
from deploy.local.postgres_access import owner_role, service_role
from deploy.local.secret_store import SecretStore

STORING = ("identity", "ledger", "payments", "correspondence")  # services with a database
DEFAULT_PORTS: Mapping[str, int] = {
    "gateway": 8000,
    "identity": 8101,
    "ledger": 8102,
    "payments": 8103,
    "correspondence": 8104,
}
SERVICES = tuple(DEFAULT_PORTS)
SANDBOX = "sandbox-autopay"
TRUSTED_PROFILE_SANDBOX = "sandbox-trusted-profile"
SANDBOXES: Mapping[str, tuple[int, str, str]] = {
    SANDBOX: (8201, "IOK_SANDBOX_AUTOPAY_PORT", "IOK_AUTOPAY_URL"),
    TRUSTED_PROFILE_SANDBOX: (8202, "IOK_SANDBOX_TRUSTED_PROFILE_PORT", "IOK_TRUSTED_PROFILE_URL"),
}
"""Stand-ins for outside systems: default port, the variable that names another, the one that names the real system."""
AUTOPAY_SERVICE_ID = "100001"
SANDBOX_FEE_GROSZE = "100"  # taken from the payer by our stand-in, so that the demo shows it named before leaving
COMPANY_SOURCES = "erp"
OUR_ACCOUNTS = "IOK_PAYMENTS_OUR_ACCOUNTS"

# RFC 9106's second choice, made smaller to what OWASP asks for: 19 MiB, two passes, one lane.
ARGON2_KIB = 19 * 1024
ARGON2_PASSES = 2
ARGON2_HASH_BYTES = 32
ARGON2_SALT_BYTES = 16


def database_variable(service: str) -> str:
    """The variable that names the service's database."""
    return f"IOK_{service.upper()}_DATABASE_URL"


@dataclass(frozen=True)
class Surroundings:
    """What the services stand on: ports by service (and the sandboxes', where they are ours), and the servers."""

    places: Places
    secrets: SecretStore
    ports: Mapping[str, int]
    kafka: Mapping[str, KafkaAccess]
    """How each user reaches Kafka, the administrator among them."""
    postgres: PostgresAccess | None
    """Our server; None when the environment names the databases."""
    environment: Mapping[str, str]
    """The launcher's own."""

    def given(self, name: str) -> str:
        """What the launcher's environment says, or nothing."""
        return self.environment.get(name, "")

    def url(self, service: str) -> str:
        """Where a service, or the sandbox, answers."""
        return self.given(f"IOK_{service.upper().replace('-', '_')}_URL") or f"http://{HOST}:{self.ports[service]}"

    @property
    def public_url(self) -> str:
        """Where tenants find the portal."""
        return self.given("IOK_PUBLIC_URL") or f"http://{HOST}:{self.ports['gateway']}"

    def owner_dsn(self, service: str) -> str:
        """The database as its owner reaches it."""
        outside = self.given(f"IOK_{service.upper()}_OWNER_DATABASE_URL") or self.given(database_variable(service))
        return outside or self._dsn(service, owner_role(service))

    def service_dsn(self, service: str) -> str:
        """The database as the service's own role reaches it."""
        return self.given(database_variable(service)) or self._dsn(service, service_role(service))

    def admin_dsn(self, service: str) -> str:
        """The database as the server's superuser reaches it; of a server that is not ours, its owner."""
        if self.given(database_variable(service)) or self.postgres is None:
            return self.owner_dsn(service)
        return self.postgres.dsn(service_role(service))

    def _dsn(self, service: str, role: str) -> str:
        if self.postgres is None:
            return ""
        return self.postgres.dsn(service_role(service), role, self.secrets.password(f"postgres/{role}"))

    def write(self) -> None:
        """Write `run/<service>.env` for every service and sandbox."""
        if TRUSTED_PROFILE_SANDBOX in self.ports:
            trusted_profile.ensure_pairs(self._pairs)
        for service in SERVICES:
            self._write(service, self.common() | self._company(service) | self._own(service))
        for name in SANDBOXES:
            if name in self.ports:
                self._write(name, self.sandbox(name))

    def _write(self, name: str, variables: Mapping[str, str]) -> None:
        lines = [f"{variable}={value}\n" for variable, value in sorted(variables.items()) if value]
        write_private(self.places.run / f"{name}.env", "".join(lines))

    def common(self) -> dict[str, str]:
        """What every service is told."""
        seed = Ed25519PrivateKey.from_private_bytes(self.secrets.key("signing"))
        return {
            "IOK_VAR": str(self.places.var),
            "IOK_PUBLIC_URL": self.public_url,
            "IOK_COMPANY_SOURCES": self.given("IOK_COMPANY_SOURCES") or COMPANY_SOURCES,
            "IOK_TOKEN_PUBLIC_KEYS": base64.b64encode(seed.public_key().public_bytes_raw()).decode(),
            "IOK_PANEL_PASSWORD_HASH": self._panel_password_hash(),
            **{f"IOK_{service.upper()}_URL": self.url(service) for service in SERVICES},
            **self.autopay(),
            "IOK_TRUSTED_PROFILE_URL": self.trusted_profile_url,
        }

    def _company(self, service: str) -> dict[str, str]:
        """Who the landlord is, as the launcher was told: operators' commands in other shells must see it as well.

        What it was not told is the demo company's; a variable told empty stays empty.

        Beside our own stand-in for Autopay the pages name the fee that it takes.
        """
        fee = {"IOK_PAYER_FEE_GROSZE": SANDBOX_FEE_GROSZE} if SANDBOX in self.ports else {}
        told = ("IOK_COMPANY_", "IOK_PAYER_FEE_", f"IOK_{service.upper()}_COMPANY_", "IOK_ACCESSIBILITY_")
        given = {name: value for name, value in self.environment.items() if name.startswith(told)}
        return {**fee, **company.VARIABLES, **given}

    def sandbox(self, name: str) -> dict[str, str]:
        """What a stand-in of ours is told."""
        _, port_variable, _ = SANDBOXES[name]
        fee = {"IOK_SANDBOX_AUTOPAY_FEE_GROSZE": SANDBOX_FEE_GROSZE}
        own = self.autopay() | fee if name == SANDBOX else trusted_profile.of_sandbox(self._pairs)
        told = {"IOK_VAR": str(self.places.var), "IOK_PUBLIC_URL": self.public_url}
        return told | {port_variable: str(self.ports[name])} | own

    @property
    def trusted_profile_url(self) -> str:
        """Where login.gov.pl is; our stand-in lies on another site than the portal, as in earnest. Or empty."""
        port = self.ports.get(TRUSTED_PROFILE_SANDBOX)
        return self.given("IOK_TRUSTED_PROFILE_URL") or (f"http://localhost:{port}" if port else "")

    @property
    def _pairs(self) -> Path:
        return self.places.secrets / "trusted-profile"

    def autopay(self) -> dict[str, str]:
        """Where Autopay is, and our number and key there."""
        return {
            "IOK_AUTOPAY_URL": self.given("IOK_AUTOPAY_URL") or self.url(SANDBOX),
            "IOK_AUTOPAY_SERVICE_ID": self.given("IOK_AUTOPAY_SERVICE_ID") or AUTOPAY_SERVICE_ID,
            "IOK_AUTOPAY_KEY": self.given("IOK_AUTOPAY_KEY") or self.secrets.password("autopay"),
        }

    def _own(self, service: str) -> dict[str, str]:
        """What only this service is told."""
        variables = {f"IOK_{service.upper()}_PORT": str(self.ports[service])}
        if service == "identity":
            variables["IOK_IDENTITY_SIGNING_KEY"] = base64.b64encode(self.secrets.key("signing")).decode()
            variables["IOK_IDENTITY_LETTER_KEY"] = base64.b64encode(self.secrets.key("letters")).decode()
            is_ours = TRUSTED_PROFILE_SANDBOX in self.ports
            ours = trusted_profile.of_identity(self._pairs) if is_ours else {}
            variables |= ours or trusted_profile.given(self.environment)
        if service == "payments":
            variables[OUR_ACCOUNTS] = self.environment.get(OUR_ACCOUNTS, statements.our_accounts())
        if service in STORING:
            variables[database_variable(service)] = self.service_dsn(service)
            variables[f"IOK_{service.upper()}_OWNER_DATABASE_URL"] = self.owner_dsn(service)
            variables |= self._kafka(service)
        return variables

    def _kafka(self, user: str) -> dict[str, str]:
        access = self.kafka[user]
        return {
            "IOK_KAFKA_BOOTSTRAP": access.bootstrap,
            "IOK_KAFKA_SECURITY": access.security,
            "IOK_KAFKA_MECHANISM": access.mechanism,
            "IOK_KAFKA_USERNAME": access.username,
            "IOK_KAFKA_PASSWORD": access.password,
            "IOK_KAFKA_CA": access.ca,
            "IOK_KAFKA_TOPIC_PREFIX": self.given("IOK_KAFKA_TOPIC_PREFIX"),
        }

    def _panel_password_hash(self) -> str:
        """The hash of the break-glass password, which lies beside the other secrets."""
        outside = self.given("IOK_PANEL_PASSWORD_HASH")
        return outside or self.secrets.text("panel-hash", lambda: argon2id(self.secrets.password("panel")))


def argon2id(password: str) -> str:
    """The password's argon2id hash in PHC form."""
    kdf = Argon2id(
        salt=token_bytes(ARGON2_SALT_BYTES),
        length=ARGON2_HASH_BYTES,
        iterations=ARGON2_PASSES,
        lanes=1,
        memory_cost=ARGON2_KIB,
    )
    return kdf.derive_phc_encoded(password.encode())
