"""Where things are: one path family a release of HubSpot's API, and the older one that ends in 2027."""

from __future__ import annotations

from dataclasses import dataclass

URL = "https://api.hubapi.com"
#: The release that is asked unless a setting says otherwise.
NEWEST = "2026-09"
LEGACY = "v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The paths of one release.

    Args:
        version: ``2026-09`` or another release, or ``v3``: the older APIs, of which associations are called v4.
    """

    version: str = NEWEST

    @property
    def is_legacy(self) -> bool:
        """Whether the older paths are used."""
        return self.version == LEGACY

    def _of(self, dated: str, legacy: str) -> str:
        return legacy if self.is_legacy else dated.replace("{v}", self.version)

    def objects(self, name: str) -> str:
        """Return where the records of an object are listed."""
        return self._of("/crm/objects/{v}/", "/crm/v3/objects/") + name

    def associations(self, origin: str, to: str) -> str:
        """Return where associations are read for many records."""
        return self._of("/crm/associations/{v}", "/crm/v4/associations") + f"/{origin}/{to}/batch/read"

    def properties(self, name: str) -> str:
        """Return where the properties of an object are described."""
        return self._of("/crm/properties/{v}/", "/crm/v3/properties/") + name

    def pipelines(self, name: str) -> str:
        """Return where the pipelines of an object are."""
        return self._of("/crm/pipelines/{v}/", "/crm/v3/pipelines/") + name

    @property
    def owners(self) -> str:
        """Where owners are listed."""
        return self._of("/crm/owners/{v}", "/crm/v3/owners")

    @property
    def campaigns(self) -> str:
        """Where campaigns are listed."""
        return self._of("/marketing/campaigns/{v}", "/marketing/v3/campaigns")

    @property
    def marketing_events(self) -> str:
        """Where marketing events are listed."""
        return self._of("/marketing/marketing-events/{v}", "/marketing/marketing-events/v3")

    def marketing_event(self, key: str) -> str:
        """Return where one marketing event is."""
        return self._of("/marketing/marketing-events/{v}/", "/marketing/v3/marketing-events/") + key

    def participations(self, event: str) -> str:
        """Return where the participations of one event are listed."""
        base = self._of("/marketing/marketing-events/{v}", "/marketing/v3/marketing-events")
        return f"{base}/participations/{event}/breakdown"

    @property
    def lists(self) -> str:
        """Where lists are."""
        return self._of("/crm/lists/{v}", "/crm/v3/lists")

    @property
    def currencies(self) -> str:
        """Where the account's currencies are."""
        return self._of("/settings/currencies/{v}", "/settings/v3/currencies")

    @property
    def account(self) -> str:
        """Where the account describes itself."""
        return self._of("/account-info/{v}/details", "/account-info/v3/details")

    @property
    def subscriptions(self) -> str:
        """Where the subscriptions of many people are read."""
        base = self._of("/communication-preferences/{v}", "/communication-preferences/v4")
        return f"{base}/statuses/batch/read"

    @property
    def forms(self) -> str:
        """Where forms are listed: there is no dated release of it yet."""
        return "/marketing/v3/forms"

    def submissions(self, form: str) -> str:
        """Return where the submissions of a form are listed: the only way there is."""
        return f"/form-integrations/v1/submissions/forms/{form}"

    @property
    def token(self) -> str:
        """Where a refresh token buys an access token."""
        return self._of("/oauth/{v}/token", "/oauth/v3/token")
