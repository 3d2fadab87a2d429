-- break_fix: what to do about a broken link, how bad it is, and what it means that it healed.
-- grain: one reason. `info`: nothing went wrong, there is only nothing to show yet.
select reason, case when reason = 'no_opportunity' then 'info' else 'break' end as severity, fix, healed
from (
    values
    ('identity_missing', 'Add the e-mail, or the name and company, to the registration.', 'The registration names somebody now.'),
    ('invalid_email', 'Correct the e-mail address: it cannot be delivered as written.', 'An address or a number that works is known.'),
    ('invalid_phone', 'Correct the phone number: it cannot be dialled as written.', 'An address or a number that works is known.'),
    ('no_contact_data', 'Add an e-mail address or a phone number.', 'An address or a number that works is known.'),
    ('not_in_crm', 'Create a lead or contact for this attendee, or correct the e-mail on the registration.', 'The attendee is linked to a person in the CRM.'),
    ('duplicate_in_crm', 'Merge the contacts that share this e-mail.', 'One record of the person is left in the CRM.'),
    ('ambiguous_person', 'Decide which person this attendee is.', 'The attendee is linked to a person in the CRM.'),
    ('no_owner', 'Give the person or its account an owner.', 'An active owner has it.'),
    ('inactive_owner', 'Give the person an owner who is still active.', 'An active owner has it.'),
    ('in_queue', 'Take the person out of the queue and give it an owner.', 'An active owner has it.'),
    ('untouched_past_sla', 'Follow up with the attendee and log it.', 'A follow-up in time was logged.'),
    ('contact_without_account', 'Put the contact on an account.', 'The contact is on an account.'),
    ('lead_not_converted', 'Convert the lead or disqualify it.', 'The lead is converted.'),
    ('no_opportunity', 'Open an opportunity or disqualify the attendee.', 'An opportunity was opened or moved on, or the attendee disqualified.'),
    ('not_on_opportunity', 'Add the attendee to the account''s opportunity.', 'The attendee is on the opportunity, or disqualified.'),
    ('opportunity_without_campaign', 'Set the event on the opportunity.', 'The opportunity names its event.'),
    ('stalled_opportunity', 'Move the opportunity to its next stage, or close it.', 'The opportunity moved on or was won.'),
    ('close_date_past', 'Close the opportunity, or set the day on which it is expected to close.', 'The opportunity was won, or its day moved.'),
    ('won_without_customer', 'Create the customer in the ledger, or link the one that is there.', 'A ledger customer is linked to the account.'),
    ('ambiguous_customer', 'Decide which ledger customer belongs to this account.', 'A ledger customer is linked to the account.'),
    ('won_not_invoiced', 'Send the invoice of the won deal.', 'The won deal was invoiced.'),
    ('invoice_amount_differs', 'Compare the deal with its invoices and correct the one that is wrong.', 'The invoices reach the amount of the deal.'),
    ('overdue_invoice', 'Collect the overdue invoice.', 'No invoice is past due.'),
    ('invoice_without_account', 'Link the ledger customer to its account in the CRM.', 'The ledger customer is linked to an account.'),
    ('open_escalation', 'Settle the escalated ticket before anybody sells.', 'No escalated ticket is open.'),
    ('ticket_past_window', 'Close the ticket, or tell the customer when it will be.', 'No ticket is open for too long.'),
    ('no_repeat_past_cycle', 'Call the customer: the next purchase is late.', 'The customer bought again.'),
    ('unsubscribed_customer', 'Ask for consent again, or call: nobody of this customer may be written to.', 'Somebody of the customer may be written to.')
) as known (reason, fix, healed)
