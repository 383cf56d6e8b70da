"""What correspondence reads from the environment."""

from pydantic import SecretStr

from libs.chassis.settings import StoringSettings, var_folder


class Settings(StoringSettings):
    """Correspondence's settings: where files are kept, who scans them, and whose letters these are."""

    port: int = 8104
    files: str = ""
    """A folder, or `s3://bucket/prefix`; empty: `files` below `var`."""
    files_s3_endpoint: str = ""
    files_s3_region: str = ""
    files_s3_key_id: str = ""
    files_s3_key: SecretStr = SecretStr("")
    clamd_url: str = ""
    """`tcp://host:port` or `unix:///path`; empty: files are not scanned for viruses."""
    company_name: str = "Towarzystwo Budownictwa Społecznego"

    @property
    def files_address(self) -> str:
        """Where files are kept."""
        return self.files or str(var_folder() / "files")
