-- break_fix: what to do about a broken link, and how bad it is.
-- grain: one reason. `info`: nothing went wrong, there is only nothing to show yet.
select reason, case when reason = 'no_opportunity' then 'info' else 'break' end as severity, fix
from (
    values
    ('identity_missing', 'Add the e-mail, or the name and company, to the registration.'),
    ('invalid_email', 'Correct the e-mail address: it cannot be delivered as written.'),
    ('invalid_phone', 'Correct the phone number: it cannot be dialled as written.'),
    ('no_contact_data', 'Add an e-mail address or a phone number.'),
    ('not_in_crm', 'Create a lead or contact for this attendee, or correct the e-mail on the registration.'),
    ('duplicate_in_crm', 'Merge the contacts that share this e-mail.'),
    ('ambiguous_person', 'Decide which person this attendee is.'),
    ('no_owner', 'Give the person or its account an owner.'),
    ('inactive_owner', 'Give the person an owner who is still active.'),
    ('in_queue', 'Take the person out of the queue and give it an owner.'),
    ('untouched_past_sla', 'Follow up with the attendee and log it.'),
    ('contact_without_account', 'Put the contact on an account.'),
    ('lead_not_converted', 'Convert the lead or disqualify it.'),
    ('no_opportunity', 'Open an opportunity or disqualify the attendee.'),
    ('not_on_opportunity', 'Add the attendee to the account''s opportunity.'),
    ('opportunity_without_campaign', 'Set the event on the opportunity.'),
    ('stalled_opportunity', 'Move the opportunity to its next stage, or close it.'),
    ('close_date_past', 'Close the opportunity, or set the day on which it is expected to close.'),
    ('won_without_customer', 'Create the customer in the ledger, or link the one that is there.'),
    ('ambiguous_customer', 'Decide which ledger customer belongs to this account.'),
    ('won_not_invoiced', 'Send the invoice of the won deal.'),
    ('invoice_amount_differs', 'Compare the deal with its invoices and correct the one that is wrong.'),
    ('overdue_invoice', 'Collect the overdue invoice.'),
    ('invoice_without_account', 'Link the ledger customer to its account in the CRM.'),
    ('open_escalation', 'Settle the escalated ticket before anybody sells.'),
    ('ticket_past_window', 'Close the ticket, or tell the customer when it will be.'),
    ('no_repeat_past_cycle', 'Call the customer: the next purchase is late.'),
    ('unsubscribed_customer', 'Ask for consent again, or call: nobody of this customer may be written to.')
) as known (reason, fix)
