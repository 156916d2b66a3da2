"""The kinds of events and the codes of errors about charts and chart repositories."""

from app.registers.register import ErrorCode, EventKind


class ChartEvent(EventKind):
    """Events of charts and chart repositories"""

    CHART_REPOSITORY_ADDED = "chart_repository.added", "A chart repository was added."
    CHART_REPOSITORY_REMOVED = "chart_repository.removed", "A chart repository was removed."
    CHART_UPLOADED = "chart.uploaded", "A chart was uploaded."


class ChartCode(ErrorCode):
    """Errors about charts and chart repositories"""

    CHART_REPOSITORY_NOT_FOUND = (
        "chart_repository_not_found",
        "The chart repository does not exist, or the caller cannot see it.",
    )
    CHART_NOT_FOUND = "chart_not_found", "The repository does not offer the chart."
    CHART_VERSION_NOT_FOUND = "chart_version_not_found", "The repository does not offer this version of the chart."
    CHART_VERSION_TAKEN = "chart_version_taken", "The version was already uploaded with different content."
    CHART_VERSION_INVALID = "chart_version_invalid", "The version is not a semantic version."
    CHART_NAME_INVALID = "chart_name_invalid", "The name cannot be the name of a chart in an OCI registry."
    CHART_MALFORMED_REFERENCE = "chart_malformed_reference", "A chart is written as repository/name."
    CHART_MALFORMED = "chart_malformed", "The archive is not a packaged Helm chart."
    CHART_TOO_LARGE = "chart_too_large", "The archive, or what it unpacks to, is larger than allowed."
    CHART_DUPLICATE = "chart_duplicate", "The archive has the same file twice."
    CHART_PATH_TOO_LONG = "chart_path_too_long", "The archive has an entry with a name that is too long."
    CHART_PATH_OUTSIDE = "chart_path_outside", "The archive has an entry that leads outside of its folder."
    CHART_LINK = "chart_link", "The archive has a link or a device, and may only have files."
    CHART_NOT_INSTALLABLE = "chart_not_installable", "The chart is a library chart."
    CHART_DEPENDENCY_MISSING = "chart_dependency_missing", "The archive lacks charts that it depends on."
    CHART_DIGEST = "chart_digest", "The archive does not have the digest that the repository announces."
    CHART_MISMATCH = "chart_mismatch", "The archive holds another chart or version than the repository announces."
    CHART_STORAGE_FULL = "chart_storage_full", "The charts of the organization would take more space than allowed."
    ARCHIVE_NOT_BASE64 = "archive_not_base64", "The archive is not base64."
    NOT_A_CHART = "not_a_chart", "The OCI artifact is not a Helm chart."
    NOT_AN_UPLOAD_REPOSITORY = "not_an_upload_repository", "Charts can only be uploaded to a repository without a URL."
    URL_NOT_SUPPORTED = "url_not_supported", "The URL of a chart repository is not of a supported kind."
    URL_WITH_CREDENTIALS = "url_with_credentials", "Credentials may not be part of the URL of a chart repository."
    PLAIN_HTTP = "plain_http", "Plain HTTP is not allowed for this host."
    ADDRESS_REFUSED = "address_refused", "The settings do not allow connections to the address of the chart repository."
    DOWNLOAD_TOO_LARGE = "download_too_large", "The chart repository sent more than allowed."
    REPOSITORY_BUSY = "repository_busy", "Too many downloads from chart repositories are running."
    REPOSITORY_SLOW = "repository_slow", "The chart repository did not answer in time."
    REPOSITORY_UNREACHABLE = "repository_unreachable", "The chart repository cannot be reached."
    REPOSITORY_UNAUTHORIZED = "repository_unauthorized", "The chart repository does not accept the credentials."
    REPOSITORY_NOT_FOUND = "repository_not_found", "The chart repository has nothing at this URL."
    REPOSITORY_REFUSED = "repository_refused", "The chart repository answered with an error."
    REPOSITORY_MALFORMED = "repository_malformed", "The answer is not that of a chart repository."
    REGISTRY_MALFORMED = "registry_malformed", "The answer is not that of an OCI registry."
    SCHEMA_TOO_DEEP = "schema_too_deep", "The values schema of the chart is nested too deeply."
    SCHEMA_TOO_EXPENSIVE = "schema_too_expensive", "Validating values against the schema of the chart takes too long."
    SCHEMA_NOT_CHECKABLE = "schema_not_checkable", "The values schema of the chart makes the validator fail."
    SCHEMA_CHECK_INTERRUPTED = (
        "schema_check_interrupted",
        "Validating values against the schema of the chart was interrupted.",
    )
