-- What the rules of order-service refuse, and rows beside it that they accept.
--
-- manifests: user-service order-service
--
-- How to read this file. The line `-- manifests:` names the manifests to bring up, in that order, on
-- an empty database. Then come sections. A section starts at a line that begins with
-- `-- given: ` or `-- name: ` and ends where the next one starts; its SQL is every line of it that
-- does not begin with `--`.
--
--   given:    Rows that must be accepted. Sections run in file order, each in one transaction that is
--             committed; many of them are close to a limit, so that a rule that is too strict shows.
--   name:     One statement that must be refused. The name is unique in the file. It runs after all the
--             given rows, in a transaction of its own, followed by `set constraints all immediate` (a
--             deferrable key is judged then), and is rolled back whatever happens.
--   why:      The sentence of the domain that the statement breaks.
--   refused:  SQLSTATE, then the name that the server must report: the constraint or unique index for
--             23503, 23505, 23514 and 23P01; table.column for 23502. Exactly one rule is broken:
--             without it the statement is accepted.

-- given: the accounts of user-service that orders point at: an administrator, a hospital, two vendors, two drivers
insert into users (id, email, role, password_hash) values
  ('a0000000-0000-4000-8000-000000000001', 'ops@oxygen.example', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('b0000000-0000-4000-8000-000000000001', 'stores@lagoon-general.example', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('c0000000-0000-4000-8000-000000000001', 'sales@ogun-gases.example', 'vendor', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('c0000000-0000-4000-8000-000000000002', 'sales@island-oxygen.example', 'vendor', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('d0000000-0000-4000-8000-000000000001', 'musa@ogun-gases.example', 'driver', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('d0000000-0000-4000-8000-000000000002', 'ngozi@ogun-gases.example', 'driver', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- given: reasons to cancel; the same words are free again once a reason is retired
insert into order_cancel_reasons (code, label, party, refundable, fee_percent, retired_at) values
  ('no_longer_needed', 'No longer needed', 'hospital', true, 10, null),
  ('out_of_stock', 'Out of stock', 'vendor', true, 0, null),
  ('fraud', 'Suspected fraud', 'platform', false, 100, null),
  ('old_out_of_stock', 'Out of Stock', 'vendor', true, 0, '2026-01-01 00:00+01');

-- given: two couriers that stand in for each other, so the first names one that is not there yet
insert into order_couriers (code, name, phone, states_served, max_load_kg, fallback) values
  ('lagos_riders', 'Lagos Riders', '+2348030000041', '{NG-LA}', 120, 'mainland_haulage');
insert into order_couriers (code, name, phone, states_served, max_load_kg, fallback) values
  ('mainland_haulage', 'Mainland Haulage', '+2348030000042', '{NG-LA,NG-OG}', 4000, 'lagos_riders');

-- given: order 1, an emergency with the longest window it may have, on its way
insert into orders (id, hospital_id, vendor_id, channel, client_reference, purchase_order, status, emergency, emergency_reason, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, delivery_latitude, delivery_longitude, contact_name, contact_phone, subtotal, delivery_fee, emergency_surcharge, vat, placed_at, confirmed_at, dispatched_at) values
  ('10000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'mobile', '1a000000-0000-4000-8000-000000000001', 'LG-2026-001', 'in_transit', true, 'Plant failure, 18 patients on oxygen', '2026-03-02 08:00+01', '2026-03-03 08:00+01', '1 Marina', 'Lagos', 'NG-LA', 6.450400, 3.394700, 'Tunde Bello', '+2348030000011', 180000.00, 15000.00, 20000.00, 16125.00, '2026-03-02 08:00+01', '2026-03-02 08:04+01', '2026-03-02 08:30+01');

-- given: order 2, taken by telephone without a client's reference, waiting for a vendor; all of it is discounted
insert into orders (id, hospital_id, channel, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, contact_name, contact_phone, contact_email, subtotal, discount, placed_at) values
  ('10000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000001', 'phone', '2026-03-09 08:00+01', '2026-03-09 12:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011', 'stores@lagoon-general.example', 90000.00, 90000.00, '2026-03-02 09:00+01');

-- given: order 3, cancelled before anybody confirmed it; its purchase order number is used again by order 4, delivered, which repeats it
insert into orders (id, hospital_id, channel, client_reference, purchase_order, status, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, contact_name, contact_phone, placed_at, cancelled_at, cancel_reason, cancelled_by) values
  ('10000000-0000-4000-8000-000000000003', 'b0000000-0000-4000-8000-000000000001', 'web', '1a000000-0000-4000-8000-000000000003', 'LG-2026-002', 'cancelled', '2026-03-04 08:00+01', '2026-03-04 12:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011', '2026-03-02 10:00+01', '2026-03-02 10:30+01', 'no_longer_needed', 'b0000000-0000-4000-8000-000000000001');
insert into orders (id, hospital_id, vendor_id, channel, client_reference, purchase_order, status, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, contact_name, contact_phone, subtotal, placed_at, confirmed_at, dispatched_at, delivered_at, reorder_of) values
  ('10000000-0000-4000-8000-000000000004', 'b0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'web', '1a000000-0000-4000-8000-000000000004', 'lg-2026-002', 'delivered', '2026-03-02 12:00+01', '2026-03-02 16:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011', 45000.00, '2026-03-02 11:00+01', '2026-03-02 11:10+01', '2026-03-02 12:30+01', '2026-03-02 13:10+01', '10000000-0000-4000-8000-000000000003');

-- given: order 5, cancelled by the vendor on its way: it keeps the moments it had
insert into orders (id, hospital_id, vendor_id, channel, client_reference, status, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, contact_name, contact_phone, subtotal, placed_at, confirmed_at, dispatched_at, cancelled_at, cancel_reason, cancelled_by) values
  ('10000000-0000-4000-8000-000000000005', 'b0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000002', 'partner', '1a000000-0000-4000-8000-000000000005', 'cancelled', '2026-03-05 08:00+01', '2026-03-05 12:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011', 45000.00, '2026-03-04 11:00+01', '2026-03-04 11:10+01', '2026-03-05 08:30+01', '2026-03-05 09:10+01', 'out_of_stock', 'c0000000-0000-4000-8000-000000000002');

-- given: lines: the largest quantity, a rental with its deposit, a line that is given away, and empties taken back
insert into order_items (order_id, line_no, product_id, description, kind, cylinder_size, quantity, purity_percent, unit_price, deposit, discount, delivered_quantity, empties_returned) values
  ('10000000-0000-4000-8000-000000000001', 1, '90000000-0000-4000-8000-000000000001', 'Oxygen, size J, refill', 'refill', 'J', 500, 99.5, 300.00, 0, 0, 0, 0),
  ('10000000-0000-4000-8000-000000000001', 2, '90000000-0000-4000-8000-000000000001', 'Oxygen, size J, rental', 'rental', 'J', 2, 93, 10000.00, 5000.00, 0, 0, 0),
  ('10000000-0000-4000-8000-000000000002', 1, '90000000-0000-4000-8000-000000000002', 'Oxygen, size D, sale', 'sale', 'D', 6, 99.5, 15000.00, 0, 90000.00, 0, 0),
  ('10000000-0000-4000-8000-000000000004', 1, '90000000-0000-4000-8000-000000000003', 'Oxygen, size F, exchange', 'exchange', 'F', 3, 99.5, 15000.00, 0, 0, 3, 3);

-- given: offers for order 2: one withdrawn and made again, one of another vendor, accepted in its last moment
insert into order_quotes (id, order_id, vendor_id, amount, earliest_at, created_at, valid_until, accepted_at, withdrawn_at) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 92000.00, '2026-03-09 09:00+01', '2026-03-02 09:10+01', '2026-03-03 09:10+01', null, '2026-03-02 09:20+01'),
  ('20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 91000.00, '2026-03-09 09:00+01', '2026-03-02 09:21+01', '2026-03-03 09:21+01', null, null),
  ('20000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000002', 90000.00, '2026-03-09 08:30+01', '2026-03-02 09:15+01', '2026-03-03 09:15+01', '2026-03-03 09:15+01', null);

-- given: how order 4 came to its status
insert into order_status_history (order_id, old_status, new_status, changed_by, changed_at) values
  ('10000000-0000-4000-8000-000000000004', null, 'pending', 'b0000000-0000-4000-8000-000000000001', '2026-03-02 11:00+01'),
  ('10000000-0000-4000-8000-000000000004', 'pending', 'confirmed', 'c0000000-0000-4000-8000-000000000001', '2026-03-02 11:10+01'),
  ('10000000-0000-4000-8000-000000000004', 'confirmed', 'in_transit', null, '2026-03-02 12:30+01'),
  ('10000000-0000-4000-8000-000000000004', 'in_transit', 'delivered', null, '2026-03-02 13:10+01');

-- given: a failed attempt for order 1 and the one after it, whose window starts in the middle of it; a scheduled one for order 2 with the same driver, from the very moment when that window ends
insert into order_deliveries (id, order_id, attempt, status, driver_id, window_start, window_end, departed_at, arrived_at, failure_reason) values
  ('30000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 1, 'failed', 'd0000000-0000-4000-8000-000000000001', '2026-03-02 08:30+01', '2026-03-02 10:30+01', '2026-03-02 08:30+01', null, 'Third Mainland Bridge closed');
insert into order_deliveries (id, order_id, attempt, status, driver_id, window_start, window_end, departed_at) values
  ('30000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 2, 'en_route', 'd0000000-0000-4000-8000-000000000001', '2026-03-02 09:30+01', '2026-03-02 11:30+01', '2026-03-02 09:30+01');
insert into order_deliveries (id, order_id, status, driver_id, window_start, window_end) values
  ('30000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000002', 'scheduled', 'd0000000-0000-4000-8000-000000000001', '2026-03-02 11:30+01', '2026-03-02 12:30+01');

-- given: a courier's delivery of order 4, with its proof
insert into order_deliveries (id, order_id, status, courier, courier_reference, window_start, window_end, departed_at, arrived_at, completed_at, proof_kind, proof_reference, received_by) values
  ('30000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000004', 'delivered', 'lagos_riders', 'LR-88121', '2026-03-02 12:00+01', '2026-03-02 14:00+01', '2026-03-02 12:30+01', '2026-03-02 13:05+01', '2026-03-02 13:10+01', 'signature', 'proofs/2026/03/88121.png', 'Sister Chidinma Eze');

-- given: what was handed over and taken back; a line of which only empties were taken
insert into order_delivery_items (delivery_id, order_id, line_no, quantity, empties, batch_number) values
  ('30000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000004', 1, 3, 3, 'OG-2026-0311'),
  ('30000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 1, 0, 4, null);

-- ------------------------------------------------------------------ reference data

-- name: reason-that-refunds-and-keeps-everything
-- why: Keeping the whole amount and refunding exclude each other.
-- refused: 23514 order_cancel_reasons_refund_check
update order_cancel_reasons set fee_percent = 100 where code = 'out_of_stock';

-- name: reason-that-keeps-more-than-was-paid
-- why: Nobody pays a fee of more than the total.
-- refused: 23514 order_cancel_reasons_fee_percent_check
update order_cancel_reasons set fee_percent = 100.01 where code = 'fraud';

-- name: reason-in-words-that-are-in-use
-- why: Two reasons that read alike are one reason.
-- refused: 23505 order_cancel_reasons_label_idx
insert into order_cancel_reasons (code, label, party) values ('stock_out', 'OUT OF STOCK', 'vendor');

-- name: reason-removed-while-an-order-gives-it
-- why: A cancelled order keeps its reason; a reason is retired, not removed.
-- refused: 23503 orders_cancel_reason_fkey
delete from order_cancel_reasons where code = 'no_longer_needed';

-- name: courier-that-stands-in-for-itself
-- why: Who has declined cannot be asked again.
-- refused: 23514 order_couriers_self_check
update order_couriers set fallback = code where code = 'lagos_riders';

-- name: courier-with-a-stand-in-that-never-came
-- why: By the end of the transaction the other courier must exist.
-- refused: 23503 order_couriers_fallback_fkey
update order_couriers set fallback = 'phantom_freight' where code = 'lagos_riders';

-- name: courier-taken-off-the-road-for-no-reason
-- why: Whoever is taken off the road is told why.
-- refused: 23514 order_couriers_suspended_check
update order_couriers set active = false where code = 'lagos_riders';

-- name: courier-that-serves-nowhere
-- why: A courier is found by the states it serves.
-- refused: 23514 order_couriers_states_served_check
update order_couriers set states_served = '{}' where code = 'lagos_riders';

-- ------------------------------------------------------------------ orders

-- name: order-of-nobody
-- why: Somebody asked for the oxygen.
-- refused: 23502 orders.hospital_id
update orders set hospital_id = null where id = '10000000-0000-4000-8000-000000000002';

-- name: order-of-a-hospital-that-does-not-exist
-- why: An order comes from an account of user-service.
-- refused: 23503 orders_hospital_id_fkey
insert into orders (hospital_id, channel, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, contact_name, contact_phone) values
  ('b0000000-0000-4000-8000-0000000000ff', 'phone', '2099-03-09 08:00+01', '2099-03-09 12:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011');

-- name: the-same-request-sent-twice
-- why: A client that repeats a request after a lost answer must not get the oxygen twice.
-- refused: 23505 orders_client_reference_key
insert into orders (hospital_id, channel, client_reference, deliver_after, deliver_before, delivery_address, delivery_city, delivery_state, contact_name, contact_phone) values
  ('b0000000-0000-4000-8000-000000000001', 'mobile', '1a000000-0000-4000-8000-000000000001', '2099-03-09 08:00+01', '2099-03-09 12:00+01', '1 Marina', 'Lagos', 'NG-LA', 'Tunde Bello', '+2348030000011');

-- name: order-over-the-network-without-a-reference
-- why: Only what is taken down by hand may lack the client's reference.
-- refused: 23514 orders_client_reference_check
update orders set channel = 'web' where id = '10000000-0000-4000-8000-000000000002';

-- name: purchase-order-number-that-is-in-use
-- why: A hospital's number stands for one order, however it is capitalized.
-- refused: 23505 orders_purchase_order_idx
update orders set purchase_order = 'lg-2026-001' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-sold-by-the-buyer
-- why: Nobody buys from itself.
-- refused: 23514 orders_parties_check
update orders set vendor_id = hospital_id where id = '10000000-0000-4000-8000-000000000002';

-- name: order-with-an-empty-window
-- why: A window has room for a delivery.
-- refused: 23514 orders_window_check
update orders set deliver_after = deliver_before where id = '10000000-0000-4000-8000-000000000002';

-- name: order-due-before-it-was-placed
-- why: Nothing can be due before it is asked for.
-- refused: 23514 orders_due_check
update orders set deliver_after = '2026-02-28 08:00+01', deliver_before = '2026-02-28 12:00+01' where id = '10000000-0000-4000-8000-000000000002';

-- name: emergency-without-a-reason
-- why: Who pushes ahead of others says why.
-- refused: 23514 orders_emergency_check
update orders set emergency_reason = null where id = '10000000-0000-4000-8000-000000000001';

-- name: emergency-that-can-wait
-- why: What can wait for more than a day is no emergency.
-- refused: 23514 orders_emergency_window_check
update orders set deliver_before = '2026-03-03 08:00:01+01' where id = '10000000-0000-4000-8000-000000000001';

-- name: surcharge-on-an-ordinary-order
-- why: Only an emergency costs more for being one.
-- refused: 23514 orders_surcharge_check
update orders set emergency_surcharge = 0.01 where id = '10000000-0000-4000-8000-000000000002';

-- name: order-with-more-discount-than-price
-- why: We do not pay people to take oxygen.
-- refused: 23514 orders_discount_cap_check
update orders set discount = 90000.01 where id = '10000000-0000-4000-8000-000000000002';

-- name: order-in-dollars
-- why: The platform settles in naira only.
-- refused: 23514 orders_currency_check
update orders set currency = 'USD' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-to-half-a-position
-- why: A latitude alone is a line round the earth.
-- refused: 23514 orders_place_check
update orders set delivery_longitude = null where id = '10000000-0000-4000-8000-000000000001';

-- name: order-confirmed-by-nobody
-- why: Only a vendor can confirm.
-- refused: 23514 orders_vendor_check
update orders set status = 'confirmed', confirmed_at = '2026-03-02 09:30+01' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-confirmed-but-still-pending
-- why: Once a vendor has confirmed, the other vendors need not offer any more.
-- refused: 23514 orders_confirmed_check
update orders set vendor_id = 'c0000000-0000-4000-8000-000000000002', confirmed_at = '2026-03-02 09:30+01' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-confirmed-at-no-time
-- why: How fast a vendor answers is part of its rating.
-- refused: 23514 orders_confirmed_check
update orders set vendor_id = 'c0000000-0000-4000-8000-000000000002', status = 'confirmed' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-in-transit-that-never-left
-- why: What is on its way has left at some moment.
-- refused: 23514 orders_dispatched_check
update orders set dispatched_at = null where id = '10000000-0000-4000-8000-000000000001';

-- name: order-delivered-at-no-time
-- why: The moment of delivery starts the payment.
-- refused: 23514 orders_delivered_check
update orders set status = 'delivered' where id = '10000000-0000-4000-8000-000000000001';

-- name: order-cancelled-at-no-time
-- why: The fee depends on when an order was cancelled.
-- refused: 23514 orders_cancel_check
update orders set status = 'cancelled' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-cancelled-for-no-reason
-- why: The reason decides who pays.
-- refused: 23514 orders_cancel_reason_check
update orders set status = 'cancelled', cancelled_at = '2026-03-02 12:00+01' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-cancelled-for-a-reason-nobody-defined
-- why: Reasons come from the list.
-- refused: 23503 orders_cancel_reason_fkey
update orders set cancel_reason = 'bad_mood' where id = '10000000-0000-4000-8000-000000000003';

-- name: order-that-somebody-cancelled-but-did-not
-- why: Who cancelled is only known of what was cancelled.
-- refused: 23514 orders_cancelled_by_check
update orders set cancelled_by = 'a0000000-0000-4000-8000-000000000001' where id = '10000000-0000-4000-8000-000000000002';

-- name: order-delivered-before-it-left
-- why: Placed, confirmed, dispatched, delivered: in this order.
-- refused: 23514 orders_sequence_check
update orders set delivered_at = '2026-03-02 12:29:59+01' where id = '10000000-0000-4000-8000-000000000004';

-- name: order-that-left-unconfirmed
-- why: Nothing leaves before a vendor has confirmed, not even for an order that is cancelled later.
-- refused: 23514 orders_sequence_check
update orders set dispatched_at = '2026-03-02 10:15+01' where id = '10000000-0000-4000-8000-000000000003';

-- name: order-cancelled-before-it-was-placed
-- why: Only what was asked for can be cancelled.
-- refused: 23514 orders_sequence_check
update orders set cancelled_at = '2026-03-02 09:59:59+01' where id = '10000000-0000-4000-8000-000000000003';

-- name: order-that-repeats-itself
-- why: An order repeats an earlier one.
-- refused: 23514 orders_reorder_check
update orders set reorder_of = id where id = '10000000-0000-4000-8000-000000000004';

-- ------------------------------------------------------------------ lines

-- name: line-of-nothing
-- why: A line asks for at least one cylinder.
-- refused: 23514 order_items_quantity_check
insert into order_items (order_id, line_no, product_id, description, cylinder_size, quantity, unit_price) values
  ('10000000-0000-4000-8000-000000000002', 2, '90000000-0000-4000-8000-000000000003', 'Oxygen, size F, refill', 'F', 0, 15000.00);

-- name: line-of-no-product
-- why: A line asks for a product, or nobody knows what to load.
-- refused: 23502 order_items.product_id
insert into order_items (order_id, line_no, description, cylinder_size, quantity, unit_price) values
  ('10000000-0000-4000-8000-000000000002', 2, 'Oxygen, size F, refill', 'F', 1, 15000.00);

-- name: line-of-weak-oxygen
-- why: Below ninety percent it is not medical oxygen.
-- refused: 23514 order_items_purity_percent_check
update order_items set purity_percent = 89.99 where order_id = '10000000-0000-4000-8000-000000000002';

-- name: two-lines-of-the-same
-- why: More of the same is a larger quantity, not another line.
-- refused: 23505 order_items_product_key
insert into order_items (order_id, line_no, product_id, description, kind, cylinder_size, quantity, unit_price) values
  ('10000000-0000-4000-8000-000000000001', 3, '90000000-0000-4000-8000-000000000001', 'Oxygen, size J, refill', 'refill', 'J', 1, 300.00);

-- name: line-with-more-discount-than-price
-- why: A line costs nothing at the least.
-- refused: 23514 order_items_discount_cap_check
update order_items set discount = 90000.01 where order_id = '10000000-0000-4000-8000-000000000002';

-- name: deposit-on-what-is-sold
-- why: Only what is lent carries a deposit.
-- refused: 23514 order_items_rental_check
update order_items set deposit = 100 where order_id = '10000000-0000-4000-8000-000000000002';

-- name: more-delivered-than-ordered
-- why: The hospital pays for what it asked for.
-- refused: 23514 order_items_delivered_check
update order_items set delivered_quantity = 4 where order_id = '10000000-0000-4000-8000-000000000004';

-- name: more-empties-than-cylinders
-- why: For each full cylinder one empty one goes back at most.
-- refused: 23514 order_items_empties_check
update order_items set empties_returned = 4 where order_id = '10000000-0000-4000-8000-000000000004';

-- name: empties-of-what-was-sold
-- why: What is sold does not come back.
-- refused: 23514 order_items_sale_check
update order_items set empties_returned = 1 where order_id = '10000000-0000-4000-8000-000000000002';

-- ------------------------------------------------------------------ offers and history

-- name: second-offer-that-wins
-- why: One offer wins an order.
-- refused: 23505 order_quotes_accepted_idx
update order_quotes set accepted_at = '2026-03-02 10:00+01' where id = '20000000-0000-4000-8000-000000000002';

-- name: two-live-offers-of-one-vendor
-- why: A vendor has one offer at a time; a better one replaces it.
-- refused: 23505 order_quotes_live_idx
insert into order_quotes (order_id, vendor_id, amount, earliest_at, created_at, valid_until) values
  ('10000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 89000.00, '2026-03-09 09:00+01', '2026-03-02 09:30+01', '2026-03-03 09:30+01');

-- name: offer-that-was-never-valid
-- why: The hospital needs time to say yes.
-- refused: 23514 order_quotes_validity_check
update order_quotes set valid_until = created_at where id = '20000000-0000-4000-8000-000000000002';

-- name: offer-accepted-too-late
-- why: An offer that has run out cannot be accepted.
-- refused: 23514 order_quotes_accepted_check
update order_quotes set accepted_at = '2026-03-03 09:15:01+01' where id = '20000000-0000-4000-8000-000000000003';

-- name: offer-withdrawn-after-it-won
-- why: A promise that was accepted is kept, or the order is cancelled.
-- refused: 23514 order_quotes_outcome_check
update order_quotes set withdrawn_at = '2026-03-03 10:00+01' where id = '20000000-0000-4000-8000-000000000003';

-- name: change-that-changes-nothing
-- why: The history holds changes only.
-- refused: 23514 order_status_history_change_check
insert into order_status_history (order_id, old_status, new_status) values ('10000000-0000-4000-8000-000000000001', 'confirmed', 'confirmed');

-- name: history-that-starts-in-the-middle
-- why: Every order starts as pending.
-- refused: 23514 order_status_history_first_check
insert into order_status_history (order_id, old_status, new_status) values ('10000000-0000-4000-8000-000000000001', null, 'in_transit');

-- name: history-that-starts-twice
-- why: An order is placed once.
-- refused: 23505 order_status_history_first_idx
insert into order_status_history (order_id, old_status, new_status) values ('10000000-0000-4000-8000-000000000004', null, 'pending');

-- name: order-that-came-back-from-delivered
-- why: Delivered and cancelled are final.
-- refused: 23514 order_status_history_final_check
insert into order_status_history (order_id, old_status, new_status) values ('10000000-0000-4000-8000-000000000004', 'delivered', 'pending');

-- ------------------------------------------------------------------ handing over

-- name: driver-in-two-places
-- why: A driver is in one place at a time.
-- refused: 23P01 order_deliveries_driver_excl
update order_deliveries set window_start = '2026-03-02 11:29:59+01' where id = '30000000-0000-4000-8000-000000000003';

-- name: second-attempt-while-the-first-is-under-way
-- why: One attempt at a time.
-- refused: 23505 order_deliveries_live_idx
insert into order_deliveries (order_id, attempt, status, driver_id, window_start, window_end) values
  ('10000000-0000-4000-8000-000000000001', 3, 'scheduled', 'd0000000-0000-4000-8000-000000000002', '2026-03-02 10:00+01', '2026-03-02 12:00+01');

-- name: attempt-with-a-number-that-is-taken
-- why: Attempts are counted.
-- refused: 23505 order_deliveries_attempt_key
insert into order_deliveries (order_id, attempt, status, window_start, window_end) values
  ('10000000-0000-4000-8000-000000000001', 1, 'cancelled', '2026-03-02 10:00+01', '2026-03-02 12:00+01');

-- name: sixth-attempt
-- why: After five failures a person has to look at it.
-- refused: 23514 order_deliveries_attempt_check
update order_deliveries set attempt = 6 where id = '30000000-0000-4000-8000-000000000002';

-- name: window-that-ends-before-it-starts
-- why: A window has room for a delivery.
-- refused: 23514 order_deliveries_window_check
insert into order_deliveries (order_id, attempt, status, window_start, window_end) values
  ('10000000-0000-4000-8000-000000000001', 3, 'cancelled', '2026-03-02 12:00+01', '2026-03-02 11:00+01');

-- name: driver-and-courier-both
-- why: Own driver or courier: somebody has the cylinders, not two.
-- refused: 23514 order_deliveries_carrier_check
update order_deliveries set courier = 'lagos_riders' where id = '30000000-0000-4000-8000-000000000003';

-- name: on-the-road-with-nobody
-- why: Cylinders do not drive themselves.
-- refused: 23514 order_deliveries_carried_check
update order_deliveries set driver_id = null where id = '30000000-0000-4000-8000-000000000002';

-- name: tracking-number-of-an-own-driver
-- why: Tracking numbers are the courier's.
-- refused: 23514 order_deliveries_tracking_check
update order_deliveries set courier_reference = 'LR-1' where id = '30000000-0000-4000-8000-000000000002';

-- name: on-the-road-since-never
-- why: What is on its way has left at some moment.
-- refused: 23514 order_deliveries_departed_check
update order_deliveries set departed_at = null where id = '30000000-0000-4000-8000-000000000002';

-- name: gone-but-still-scheduled
-- why: A delivery that has left cannot be planned again.
-- refused: 23514 order_deliveries_departed_check
update order_deliveries set departed_at = '2026-03-02 11:30+01' where id = '30000000-0000-4000-8000-000000000003';

-- name: arrived-before-it-left
-- why: Left, arrived, handed over: in this order.
-- refused: 23514 order_deliveries_sequence_check
update order_deliveries set arrived_at = '2026-03-02 09:29:59+01' where id = '30000000-0000-4000-8000-000000000002';

-- name: failed-for-no-reason
-- why: The next attempt should not fail for the same reason.
-- refused: 23514 order_deliveries_failed_check
update order_deliveries set failure_reason = null where id = '30000000-0000-4000-8000-000000000001';

-- name: handed-over-but-still-on-the-road
-- why: A delivery is complete when it is delivered, and only then.
-- refused: 23514 order_deliveries_completed_check
update order_deliveries set arrived_at = '2026-03-02 10:10+01', completed_at = '2026-03-02 10:20+01' where id = '30000000-0000-4000-8000-000000000002';

-- name: delivered-without-proof
-- why: Delivered is what somebody signed for.
-- refused: 23514 order_deliveries_proof_check
update order_deliveries set received_by = null where id = '30000000-0000-4000-8000-000000000004';

-- name: courier-nobody-knows
-- why: Cylinders are given to couriers on the list.
-- refused: 23503 order_deliveries_courier_fkey
update order_deliveries set courier = 'phantom_freight' where id = '30000000-0000-4000-8000-000000000004';

-- name: line-of-another-order
-- why: A delivery hands over lines of its own order.
-- refused: 23503 order_delivery_items_delivery_fkey
insert into order_delivery_items (delivery_id, order_id, line_no, quantity, batch_number) values
  ('30000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000002', 1, 1, 'OG-2026-0311');

-- name: line-that-was-never-ordered
-- why: What is handed over was ordered.
-- refused: 23503 order_delivery_items_line_fkey
insert into order_delivery_items (delivery_id, order_id, line_no, quantity, batch_number) values
  ('30000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000004', 2, 1, 'OG-2026-0311');

-- name: hand-over-of-nothing
-- why: Something was given or something was taken.
-- refused: 23514 order_delivery_items_moved_check
update order_delivery_items set empties = 0 where delivery_id = '30000000-0000-4000-8000-000000000001';

-- name: gas-of-unknown-filling
-- why: A recall must find every cylinder of a filling.
-- refused: 23514 order_delivery_items_batch_check
update order_delivery_items set batch_number = null where delivery_id = '30000000-0000-4000-8000-000000000004';
