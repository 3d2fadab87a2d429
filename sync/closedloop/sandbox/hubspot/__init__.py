"""A simulator of a HubSpot account over the generated world.

Serve it over ``closedloop.sandbox.members.as_members(world, unknown="contact")``. Where the world's facts are:

* Account: a company. ``hs_parent_company_id`` and the association 14 ("Parent Company") name the parent,
  ``hs_country_code`` is the ISO code; ``external_id``, ``tax_id`` and ``company_email`` are custom.
* Person: a contact. A lead is a contact whose ``lifecyclestage`` is ``lead``, with an open record of the object ``leads``
  associated to it (578 from the lead, 579 from the contact); other contacts are associated to their company.
  HubSpot's e-mail is unique, trimmed and in lower case: ``as_members`` leaves a mailbox on the first of two records and
  takes it from the other, so the truth over that world holds. A registration without a person has a contact without
  name and e-mail.
* Event: a marketing event of the app ``APP_ID`` and the account ``ACCOUNT_ID``, with the event's code as its external
  id. ``customProperties`` hold code, series, edition, kind and expected attendees. It is the only ``MARKETING_EVENT``
  asset of one campaign, which has the same custom properties, a budget item if the world has a budget and a spend item
  if somebody entered a cost: no item is no entry, not zero. It begins at 9 and ends at 17 of the account's zone.
* Registration: a participation. ``occurredAt`` is the badge scan; attended without a scan it is the upload of the list,
  noon UTC of the third day after the event, too far off to count as a scan; else the registration's time.
* Opportunity: a deal of the pipeline ``default``. Lost is the stage ``closedlost`` (probability 0), which the world does
  not have: the history then ends with a change to it at ``closedate``. The first entry of a property's history is its
  value at creation and no change. ``closedate`` is the close of a closed deal, the expected close (noon UTC) of an open
  one. The deal's event is ``hs_campaign`` (the campaign's id). The contact is associated unlabelled (3) and with the
  administrator's label "Decision maker".
* Activity: a call, a meeting, an e-mail sent or a completed task at ``hs_timestamp``, associated to a contact or a deal.
* Owner: ``PERSON`` or ``QUEUE``; who left is archived.

``Simulator.keys`` maps, by kind (event, registration, person, account, opportunity, stage, owner, activity, change,
campaign_of_event, lead), the world's key to ``object/id`` with the objects marketing_events, participations, contacts,
companies, deals, stages, owners, calls|meetings|emails|tasks, changes, campaigns, leads. A change's id is
``<deal>:<property>:<epoch ms>``; the keys of the last two kinds are ``<event>/campaign`` and ``<person>/lead``.

Limits are those of a Professional account, and the search is two seconds behind: ``Options`` changes both. Nothing is
stamped after the simulator's start, though the world's last day goes on until midnight.
"""

from closedloop.sandbox.hubspot.options import SCOPES, Options, Rule
from closedloop.sandbox.hubspot.simulator import Simulator, serve

__all__ = ["SCOPES", "Options", "Rule", "Simulator", "serve"]
