-- What the rules of payment-service refuse, and rows beside it that they accept.
--
-- manifests: user-service order-service payment-service
--
-- How to read this file is written at the top of order-service.sql.

-- given: accounts of user-service: two hospitals, two vendors, and two people of the platform
insert into users (id, email, role, password_hash) values
  ('a0000000-0000-4000-8000-000000000001', 'desk@oxygen.example', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('a0000000-0000-4000-8000-000000000002', 'cashier@oxygen.example', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('b0000000-0000-4000-8000-000000000001', 'stores@lagoon-general.example', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('b0000000-0000-4000-8000-000000000002', 'stores@ikeja-clinic.example', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('c0000000-0000-4000-8000-000000000001', 'sales@ogun-gases.example', 'vendor', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('c0000000-0000-4000-8000-000000000002', 'sales@island-oxygen.example', 'vendor', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- given: three orders of order-service
insert into orders (id, hospital_id, channel, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, contact_name, contact_phone, subtotal, placed_at) values
  ('10000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', 'phone', '2026-03-09 08:00+01', '2026-03-09 12:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011', 90000.00, '2026-03-02 08:00+01'),
  ('10000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000001', 'phone', '2026-03-09 08:00+01', '2026-03-09 12:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011', 200000.00, '2026-03-02 08:00+01'),
  ('10000000-0000-4000-8000-000000000003', 'b0000000-0000-4000-8000-000000000002', 'phone', '2026-03-09 08:00+01', '2026-03-09 12:00+01', '7 Allen Avenue', 'Ikeja', 'NG-LA', 'Bisi Ade', '+2348030000012', 45000.00, '2026-03-02 08:00+01');

-- given: settings of all three kinds, and a bank that no other row has
insert into payment_settings (key, value, description, updated_by) values
  ('test_share', '12.5', 'A number', null),
  ('test_name', '"OXYGEN"', 'A text', 'a0000000-0000-4000-8000-000000000001'),
  ('test_switch', 'true', 'A switch', null);
insert into payment_banks (code, name) values ('999001', 'Bank for tests'), ('999002', 'Other bank for tests');

-- given: a default card, the same card saved again after it was removed, and one that cannot be charged again
insert into payment_cards (id, user_id, authorization_code, signature, brand, last4, expiry_month, expiry_year, reusable, is_default, created_at, removed_at) values
  ('51000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', 'AUTH_aaaaaa1', 'SIG_card000001', 'verve', '4081', 12, 2029, true, true, '2026-02-01 00:00+01', null),
  ('51000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000001', 'AUTH_aaaaaa2', 'SIG_card000001', 'verve', '4081', 12, 2029, true, false, '2026-01-01 00:00+01', '2026-01-01 00:00+01'),
  ('51000000-0000-4000-8000-000000000003', 'b0000000-0000-4000-8000-000000000001', 'AUTH_aaaaaa3', 'SIG_card000003', 'visa', '1111', 1, 2030, false, false, '2026-02-01 00:00+01', null),
  ('51000000-0000-4000-8000-000000000004', 'b0000000-0000-4000-8000-000000000002', 'AUTH_bbbbbb1', 'SIG_card000001', 'verve', '4081', 12, 2029, true, true, '2026-02-01 00:00+01', null);

-- given: a vendor's account, one of his that was closed and is now the other vendor's, which waits for its bank
insert into payment_subaccounts (id, vendor_id, paystack_code, bank_code, account_number, account_name, share_percent, is_default, created_at, verified_at, closed_at) values
  ('52000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'ACCT_ogun0001', '999001', '0123456789', 'OGUN GASES LTD', 92.50, true, '2026-01-01 00:00+01', '2026-01-01 00:00+01', null),
  ('52000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 'ACCT_ogun0002', '999001', '9876543210', 'OGUN GASES LTD', 100, false, '2025-01-01 00:00+01', '2025-01-02 00:00+01', '2026-01-01 00:00+01'),
  ('52000000-0000-4000-8000-000000000003', 'c0000000-0000-4000-8000-000000000002', 'ACCT_isle0001', '999001', '9876543210', 'ISLAND OXYGEN', 90, false, '2026-02-01 00:00+01', null, null);

-- given: order 1: an attempt that failed and one that was paid, all of which went back; order 2: abandoned, and cash of as much as a driver may carry; order 3: an open one
insert into payments (id, order_id, payer_id, client_reference, method, card_id, amount, fee, refunded, status, provider_id, created_at, expires_at, paid_at, failed_at, failure_reason, updated_at) values
  ('53000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', '5a000000-0000-4000-8000-000000000001', 'card', '51000000-0000-4000-8000-000000000001', 90000.00, 0, 0, 'failed', 700001, '2026-03-02 09:00+01', '2026-03-02 10:00+01', null, '2026-03-02 09:01+01', 'Insufficient funds', '2026-03-02 09:01+01'),
  ('53000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', '5a000000-0000-4000-8000-000000000002', 'bank_transfer', null, 90000.00, 1450.00, 90000.00, 'succeeded', 700002, '2026-03-02 09:05+01', '2026-03-02 10:05+01', '2026-03-02 09:05+01', null, null, '2026-03-02 09:05+01'),
  ('53000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000001', '5a000000-0000-4000-8000-000000000003', 'ussd', null, 200000.00, 0, 0, 'abandoned', null, '2026-03-02 09:00+01', '2026-03-02 10:00+01', null, null, null, '2026-03-02 10:00+01'),
  ('53000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000001', '5a000000-0000-4000-8000-000000000004', 'cash', null, 200000.00, 0, 0, 'succeeded', null, '2026-03-09 11:00+01', '2026-03-09 12:00+01', '2026-03-09 11:00+01', null, null, '2026-03-09 11:00+01'),
  ('53000000-0000-4000-8000-000000000005', '10000000-0000-4000-8000-000000000003', 'b0000000-0000-4000-8000-000000000002', '5a000000-0000-4000-8000-000000000004', 'card', '51000000-0000-4000-8000-000000000004', 45000.00, 0, 0, 'pending', null, '2026-03-02 09:00+01', '2026-03-02 10:00+01', null, null, null, '2026-03-02 09:00+01');

-- given: how they came to their status
insert into payment_status_history (payment_id, old_status, new_status, changed_by, note) values
  ('53000000-0000-4000-8000-000000000001', null, 'pending', 'b0000000-0000-4000-8000-000000000001', null),
  ('53000000-0000-4000-8000-000000000001', 'pending', 'failed', null, 'charge.failed'),
  ('53000000-0000-4000-8000-000000000005', null, 'pending', null, null);

-- given: the parts of the paid one
insert into payment_splits (id, payment_id, party, subaccount_id, percent, amount, bears_fee) values
  ('54000000-0000-4000-8000-000000000001', '53000000-0000-4000-8000-000000000002', 'vendor', '52000000-0000-4000-8000-000000000001', 92.50, 83250.00, false),
  ('54000000-0000-4000-8000-000000000002', '53000000-0000-4000-8000-000000000002', 'platform', null, 7.50, 6750.00, true);

-- given: a refund that was rejected, one that was completed at once, and one that waits
insert into payment_refunds (id, payment_id, amount, reason, note, status, requested_by, requested_at, decided_by, decided_at, completed_at, provider_id) values
  ('55000000-0000-4000-8000-000000000001', '53000000-0000-4000-8000-000000000002', 90000.00, 'goodwill', 'The driver was late', 'rejected', 'a0000000-0000-4000-8000-000000000001', '2026-03-03 09:00+01', 'a0000000-0000-4000-8000-000000000002', '2026-03-03 09:00+01', null, null),
  ('55000000-0000-4000-8000-000000000002', '53000000-0000-4000-8000-000000000002', 45000.00, 'not_delivered', null, 'completed', 'a0000000-0000-4000-8000-000000000001', '2026-03-03 10:00+01', 'a0000000-0000-4000-8000-000000000002', '2026-03-03 11:00+01', '2026-03-03 11:00+01', 800001),
  ('55000000-0000-4000-8000-000000000003', '53000000-0000-4000-8000-000000000002', 45000.00, 'not_delivered', null, 'requested', 'a0000000-0000-4000-8000-000000000001', '2026-03-04 10:00+01', null, null, null, null);

-- given: events: one that was applied, one that is none of our business, one that contradicts what we know, and one that waits
insert into payment_webhook_events (id, event_type, event_key, payload, payload_sha256, payment_id, received_at, processed_at, outcome, problem) values
  ('56000000-0000-4000-8000-000000000001', 'charge.success', 'charge.success:700002', '{"event": "charge.success"}', sha256('1'), '53000000-0000-4000-8000-000000000002', '2026-03-02 09:05+01', '2026-03-02 09:05+01', 'applied', null),
  ('56000000-0000-4000-8000-000000000002', 'customeridentification.success', 'customeridentification.success:1', '{}', sha256('2'), null, '2026-03-02 09:05+01', '2026-03-02 09:06+01', 'ignored', null),
  ('56000000-0000-4000-8000-000000000003', 'charge.success', 'charge.success:700009', '{"event": "charge.success"}', sha256('3'), '53000000-0000-4000-8000-000000000005', '2026-03-02 09:05+01', '2026-03-02 09:06+01', 'rejected', 'The amount is not the one that was asked for'),
  ('56000000-0000-4000-8000-000000000004', 'transfer.success', 'transfer.success:1', '{}', sha256('4'), null, '2026-03-02 09:05+01', null, null, null);

-- given: settlements of two months without a gap, the longest there may be, and one of another account over both
insert into payment_settlements (id, subaccount_id, period_start, period_end, gross, fees, provider_id, paid_at) values
  ('57000000-0000-4000-8000-000000000001', '52000000-0000-4000-8000-000000000001', '2026-03-01', '2026-04-01', 83250.00, 83250.00, 900001, '2026-04-02 09:00+01'),
  ('57000000-0000-4000-8000-000000000002', '52000000-0000-4000-8000-000000000001', '2026-04-01', '2026-05-01', 0, 0, null, null),
  ('57000000-0000-4000-8000-000000000003', '52000000-0000-4000-8000-000000000003', '2026-03-20', '2026-04-10', 0, 0, null, null);
insert into payment_settlement_items (settlement_id, split_id, amount) values
  ('57000000-0000-4000-8000-000000000001', '54000000-0000-4000-8000-000000000001', 83250.00);

-- ------------------------------------------------------------------ settings, cards, accounts

-- name: setting-that-is-a-list
-- why: An operator changes one value, not a structure.
-- refused: 23514 payment_settings_value_check
update payment_settings set value = '[12.5]' where key = 'test_share';

-- name: second-default-card
-- why: One card is charged when nobody says which.
-- refused: 23505 payment_cards_default_idx
update payment_cards set is_default = true, removed_at = null, signature = 'SIG_card000002' where id = '51000000-0000-4000-8000-000000000002';

-- name: default-card-that-cannot-be-charged
-- why: What cannot be charged is no default.
-- refused: 23514 payment_cards_default_check
update payment_cards set reusable = false where id = '51000000-0000-4000-8000-000000000001';

-- name: card-saved-twice
-- why: A card is saved once, however often it is authorized.
-- refused: 23505 payment_cards_signature_idx
update payment_cards set removed_at = null where id = '51000000-0000-4000-8000-000000000002';

-- name: thirteenth-month
-- why: Cards expire in a month of the calendar.
-- refused: 23514 payment_cards_expiry_month_check
update payment_cards set expiry_month = 13 where id = '51000000-0000-4000-8000-000000000003';

-- name: money-to-an-unconfirmed-name
-- why: Money goes to names that the bank confirmed.
-- refused: 23514 payment_subaccounts_default_check
update payment_subaccounts set is_default = true where id = '52000000-0000-4000-8000-000000000003';

-- name: one-account-of-two-vendors
-- why: An account belongs to one vendor.
-- refused: 23505 payment_subaccounts_account_idx
update payment_subaccounts set closed_at = null where id = '52000000-0000-4000-8000-000000000002';

-- name: second-default-account
-- why: A vendor's part goes to one place.
-- refused: 23505 payment_subaccounts_default_idx
update payment_subaccounts set is_default = true, closed_at = null, account_number = '1111111111' where id = '52000000-0000-4000-8000-000000000002';

-- name: account-of-no-bank
-- why: Paystack pays into banks of its list.
-- refused: 23503 payment_subaccounts_bank_code_fkey
update payment_subaccounts set bank_code = '999999' where id = '52000000-0000-4000-8000-000000000003';

-- name: short-account-number
-- why: A NUBAN has ten digits.
-- refused: 23514 payment_subaccounts_account_number_check
update payment_subaccounts set account_number = '012345678' where id = '52000000-0000-4000-8000-000000000003';

-- ------------------------------------------------------------------ payments

-- name: payment-of-nothing
-- why: Nothing needs no payment.
-- refused: 23514 payments_amount_check
update payments set amount = 0 where id = '53000000-0000-4000-8000-000000000005';

-- name: the-same-payment-sent-twice
-- why: A client that repeats a request after a lost answer must not pay twice.
-- refused: 23505 payments_client_reference_key
insert into payments (order_id, payer_id, client_reference, method, amount, status) values
  ('10000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', '5a000000-0000-4000-8000-000000000001', 'ussd', 90000.00, 'abandoned');

-- name: second-open-attempt
-- why: Two open attempts may both succeed.
-- refused: 23505 payments_open_idx
insert into payments (order_id, payer_id, client_reference, method, amount) values
  ('10000000-0000-4000-8000-000000000003', 'b0000000-0000-4000-8000-000000000002', gen_random_uuid(), 'ussd', 45000.00);

-- name: order-paid-twice
-- why: An order is paid once.
-- refused: 23505 payments_paid_idx
insert into payments (order_id, payer_id, client_reference, method, amount, status, provider_id, paid_at) values
  ('10000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', gen_random_uuid(), 'ussd', 90000.00, 'succeeded', 700010, now());

-- name: payment-for-an-order-that-nobody-placed
-- why: What is paid was ordered.
-- refused: 23503 payments_order_id_fkey
insert into payments (order_id, payer_id, client_reference, method, amount) values
  ('10000000-0000-4000-8000-0000000000ff', 'b0000000-0000-4000-8000-000000000001', gen_random_uuid(), 'ussd', 90000.00);

-- name: with-another-ones-card
-- why: The payer's own card.
-- refused: 23503 payments_card_fkey
update payments set card_id = '51000000-0000-4000-8000-000000000001' where id = '53000000-0000-4000-8000-000000000005';

-- name: card-at-the-telephone
-- why: Only a payment by card names a card.
-- refused: 23514 payments_card_check
update payments set method = 'ussd' where id = '53000000-0000-4000-8000-000000000005';

-- name: more-cash-than-a-driver-may-carry
-- why: Drivers are robbed for less.
-- refused: 23514 payments_cash_check
update payments set amount = 200000.01 where id = '53000000-0000-4000-8000-000000000004';

-- name: paid-and-unknown-to-paystack
-- why: All but cash goes through Paystack.
-- refused: 23514 payments_provider_check
update payments set provider_id = null where id = '53000000-0000-4000-8000-000000000002';

-- name: two-payments-of-one-transaction
-- why: One transfer pays one bill.
-- refused: 23505 payments_provider_id_key
update payments set provider_id = 700002 where id = '53000000-0000-4000-8000-000000000001';

-- name: paid-since-never
-- why: The day it was paid decides the month it is booked in.
-- refused: 23514 payments_paid_check
update payments set status = 'succeeded', provider_id = 700011 where id = '53000000-0000-4000-8000-000000000005';

-- name: failed-for-no-reason
-- why: The payer is told what to do about it.
-- refused: 23514 payments_failed_check
update payments set failure_reason = null where id = '53000000-0000-4000-8000-000000000001';

-- name: more-back-than-was-paid
-- why: Nobody gets back more than was paid.
-- refused: 23514 payments_refunded_cap_check
update payments set refunded = 90000.01 where id = '53000000-0000-4000-8000-000000000002';

-- name: money-back-that-never-came
-- why: What was not paid cannot go back.
-- refused: 23514 payments_refunded_check
update payments set refunded = 1 where id = '53000000-0000-4000-8000-000000000001';

-- name: fee-above-the-amount
-- why: Paystack keeps a part, not more than all.
-- refused: 23514 payments_fee_check
update payments set fee = 90000.01 where id = '53000000-0000-4000-8000-000000000002';

-- name: paid-before-it-was-asked-for
-- why: A payment answers a request.
-- refused: 23514 payments_sequence_check
update payments set paid_at = '2026-03-02 09:04:59+01' where id = '53000000-0000-4000-8000-000000000002';

-- name: payment-in-dollars
-- why: The platform settles in naira only.
-- refused: 23514 payments_currency_check
update payments set currency = 'USD' where id = '53000000-0000-4000-8000-000000000005';

-- name: order-removed-after-it-was-paid
-- why: The books name the order.
-- refused: 23503 payments_order_id_fkey
delete from orders where id = '10000000-0000-4000-8000-000000000001';

-- name: failed-and-yet-paid
-- why: Whoever tries again makes another payment.
-- refused: 23514 payment_status_history_final_check
insert into payment_status_history (payment_id, old_status, new_status) values ('53000000-0000-4000-8000-000000000001', 'failed', 'succeeded');

-- name: history-that-starts-twice
-- why: A payment is begun once.
-- refused: 23505 payment_status_history_first_idx
insert into payment_status_history (payment_id, old_status, new_status) values ('53000000-0000-4000-8000-000000000001', null, 'pending');

-- name: history-that-starts-at-the-end
-- why: Every payment starts as pending.
-- refused: 23514 payment_status_history_first_check
insert into payment_status_history (payment_id, old_status, new_status) values ('53000000-0000-4000-8000-000000000002', null, 'succeeded');

-- ------------------------------------------------------------------ splits and refunds

-- name: split-larger-than-the-whole
-- why: A hundred parts of a hundred is all there is.
-- refused: 23514 payment_splits_percent_check
update payment_splits set percent = 100.01 where id = '54000000-0000-4000-8000-000000000001';

-- name: split-of-a-debt
-- why: A part of a payment is not a bill.
-- refused: 23514 payment_splits_amount_check
update payment_splits set amount = -0.01 where id = '54000000-0000-4000-8000-000000000001';

-- name: two-parts-for-one-party
-- why: Each party has one part.
-- refused: 23505 payment_splits_party_key
insert into payment_splits (payment_id, party, percent, amount) values ('53000000-0000-4000-8000-000000000002', 'platform', 1, 900.00);

-- name: part-that-goes-nowhere
-- why: All but the platform are paid into their account.
-- refused: 23514 payment_splits_account_check
update payment_splits set subaccount_id = null where id = '54000000-0000-4000-8000-000000000001';

-- name: fee-paid-twice
-- why: Paystack's fee comes from one part.
-- refused: 23505 payment_splits_fee_idx
update payment_splits set bears_fee = true where id = '54000000-0000-4000-8000-000000000001';

-- name: part-for-an-account-that-is-not-there
-- why: Money goes to accounts that Paystack knows.
-- refused: 23503 payment_splits_subaccount_id_fkey
update payment_splits set subaccount_id = '52000000-0000-4000-8000-0000000000ff' where id = '54000000-0000-4000-8000-000000000001';

-- name: granted-by-who-asked
-- why: Who asks for money does not grant it.
-- refused: 23514 payment_refunds_four_eyes_check
update payment_refunds set status = 'approved', decided_by = requested_by, decided_at = '2026-03-04 11:00+01' where id = '55000000-0000-4000-8000-000000000003';

-- name: granted-by-nobody
-- why: Somebody answers for it.
-- refused: 23514 payment_refunds_decided_check
update payment_refunds set status = 'approved', decided_at = '2026-03-04 11:00+01' where id = '55000000-0000-4000-8000-000000000003';

-- name: completed-and-unknown-to-paystack
-- why: Paystack sends the money, and numbers it.
-- refused: 23514 payment_refunds_completed_check
update payment_refunds set provider_id = null where id = '55000000-0000-4000-8000-000000000002';

-- name: second-open-refund
-- why: One at a time, or the sum is anybody's guess.
-- refused: 23505 payment_refunds_open_idx
insert into payment_refunds (payment_id, amount, reason, requested_by) values ('53000000-0000-4000-8000-000000000002', 1.00, 'not_delivered', 'a0000000-0000-4000-8000-000000000001');

-- name: goodwill-without-a-word
-- why: What was promised is written down.
-- refused: 23514 payment_refunds_note_check
update payment_refunds set note = null where id = '55000000-0000-4000-8000-000000000001';

-- ------------------------------------------------------------------ what Paystack says and pays out

-- name: the-same-event-again
-- why: It is sent again until we answer, and counts once.
-- refused: 23505 payment_webhook_events_once_key
insert into payment_webhook_events (event_type, event_key, payload, payload_sha256) values ('charge.success', 'charge.success:700002', '{"event": "charge.success"}', sha256('1'));

-- name: handled-to-no-effect
-- why: What was handled came to something.
-- refused: 23514 payment_webhook_events_processed_check
update payment_webhook_events set outcome = null where id = '56000000-0000-4000-8000-000000000001';

-- name: rejected-without-a-word
-- why: A contradiction is for people to read.
-- refused: 23514 payment_webhook_events_problem_check
update payment_webhook_events set problem = null where id = '56000000-0000-4000-8000-000000000003';

-- name: half-a-checksum
-- why: SHA-256 has thirty-two bytes.
-- refused: 23514 payment_webhook_events_payload_sha256_check
update payment_webhook_events set payload_sha256 = '\x00' where id = '56000000-0000-4000-8000-000000000004';

-- name: a-day-paid-out-twice
-- why: No day is paid out twice.
-- refused: 23P01 payment_settlements_overlap_excl
update payment_settlements set period_start = '2026-03-31' where id = '57000000-0000-4000-8000-000000000002';

-- name: settlement-of-a-quarter
-- why: Vendors are paid every month at least.
-- refused: 23514 payment_settlements_period_check
update payment_settlements set period_end = '2026-04-21' where id = '57000000-0000-4000-8000-000000000003';

-- name: more-fees-than-money
-- why: Nobody owes Paystack for being paid.
-- refused: 23514 payment_settlements_fees_check
update payment_settlements set fees = 0.01 where id = '57000000-0000-4000-8000-000000000003';

-- name: paid-out-and-unknown-to-paystack
-- why: A payout has a number.
-- refused: 23514 payment_settlements_paid_check
update payment_settlements set paid_at = '2026-05-02 09:00+01' where id = '57000000-0000-4000-8000-000000000002';

-- name: part-paid-out-twice
-- why: A part is paid out once.
-- refused: 23505 payment_settlement_items_split_id_key
insert into payment_settlement_items (settlement_id, split_id, amount) values ('57000000-0000-4000-8000-000000000002', '54000000-0000-4000-8000-000000000001', 1.00);
