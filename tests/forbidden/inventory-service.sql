-- What the rules of inventory-service refuse, and rows beside it that they accept.
--
-- manifests: user-service inventory-service
--
-- How to read this file is written at the top of order-service.sql.

-- given: accounts of user-service: two vendors, a hospital, and three people of the plant
insert into users (id, email, role, password_hash) values
  ('c0000000-0000-4000-8000-000000000001', 'sales@ogun-gases.example', 'vendor', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('c0000000-0000-4000-8000-000000000002', 'sales@island-oxygen.example', 'vendor', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('b0000000-0000-4000-8000-000000000001', 'stores@lagoon-general.example', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('b0000000-0000-4000-8000-000000000002', 'stores@ikeja-clinic.example', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('a0000000-0000-4000-8000-000000000001', 'filler@ogun-gases.example', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'),
  ('a0000000-0000-4000-8000-000000000002', 'laboratory@ogun-gases.example', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- given: grades and sizes that no other row has: the last ten kilograms that are portable, the purity just enough for people, and an industrial one that is not
insert into inventory_gas_grades (code, label, minimum_purity_percent, medical) values
  ('test_medical', 'Medical, for tests', 99.50, true),
  ('test_concentrator', 'Concentrator, for tests', 90.00, true),
  ('test_welding', 'Welding, for tests', 89.99, false);
insert into inventory_cylinder_sizes (code, gas_litres, water_litres, tare_weight_kg, portable) values
  ('ZA', 461, 2.10, 10.00, true),
  ('ZB', 6901, 50.00, 68.00, false);

-- given: a plant, its default depot, a closed depot whose name is used again, a vehicle without an address, and the other vendor's depot
insert into inventory_locations (id, vendor_id, kind, name, address_line, city, state_code, vehicle_plate, capacity, is_default, closed_at) values
  ('41000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'plant', 'Agbara plant', '4 Plant Road', 'Agbara', 'NG-OG', null, 2000, false, null),
  ('41000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 'depot', 'Apapa', '12 Wharf Road', 'Lagos', 'NG-LA', null, 300, true, null),
  ('41000000-0000-4000-8000-000000000003', 'c0000000-0000-4000-8000-000000000001', 'depot', 'apapa', '9 Wharf Road', 'Lagos', 'NG-LA', null, 300, false, '2026-01-01 00:00+01'),
  ('41000000-0000-4000-8000-000000000004', 'c0000000-0000-4000-8000-000000000001', 'vehicle', 'Truck 1', null, null, null, 'LAG-123AB', 60, false, null),
  ('41000000-0000-4000-8000-000000000005', 'c0000000-0000-4000-8000-000000000002', 'depot', 'Apapa', '1 Creek Road', 'Lagos', 'NG-LA', null, 100, true, null);

-- given: a product, the same one at its old price, retired, and the other vendor's; a deposit of as much as it may be
insert into inventory_products (id, vendor_id, sku, name, size, grade, unit_price, deposit, retired_at, created_at) values
  ('42000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'OXY-ZB', 'Oxygen, size ZB', 'ZB', 'test_medical', 15000.00, 300000.00, null, '2026-02-01 00:00+01'),
  ('42000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 'OXY-ZB-2025', 'Oxygen, size ZB', 'ZB', 'test_medical', 14000.00, 0, '2026-02-01 00:00+01', '2025-02-01 00:00+01'),
  ('42000000-0000-4000-8000-000000000003', 'c0000000-0000-4000-8000-000000000002', 'OXY-ZB', 'Oxygen ZB', 'ZB', 'test_medical', 15500.00, 0, null, '2026-02-01 00:00+01');

-- given: stock of which everything is promised, and some of the other vendor
insert into inventory_stock (product_id, location_id, vendor_id, on_hand, reserved, reorder_point, reorder_quantity) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 12, 12, 4, 40),
  ('42000000-0000-4000-8000-000000000003', '41000000-0000-4000-8000-000000000005', 'c0000000-0000-4000-8000-000000000002', 0, 0, null, null);

-- given: how the count came to be, down to none and up again; a count that finds one less
insert into inventory_stock_movements (product_id, location_id, kind, quantity, balance, reference, moved_by, note) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'received', 20, 20, '43000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', null),
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'dispatched', -20, 0, '43000000-0000-4000-8000-000000000002', null, null),
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'returned', 13, 13, '43000000-0000-4000-8000-000000000003', null, null),
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'counted', -1, 12, '43000000-0000-4000-8000-000000000004', null, 'One had been lent to the ward');

-- given: a promise that was released and made again, confirmed in its last moment; one that was confirmed and released
insert into inventory_reservations (id, order_id, product_id, location_id, quantity, status, created_at, expires_at, confirmed_at, released_at) values
  ('44000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', '42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 6, 'released', '2026-03-02 08:00+01', '2026-03-02 09:00+01', null, '2026-03-02 09:00+01'),
  ('44000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', '42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 6, 'confirmed', '2026-03-02 09:00+01', '2026-03-09 09:00+01', '2026-03-09 09:00+01', null),
  ('44000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000002', '42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 6, 'held', '2026-03-02 09:00+01', '2026-03-02 10:00+01', null, null);

-- given: a batch that was released, one that waits, and one that was recalled
insert into inventory_fillings (id, batch_number, location_id, grade, method, status, filled_by, filled_at, use_before, decided_by, decided_at, recalled_at, recall_reason) values
  ('45000000-0000-4000-8000-000000000001', 'OG-2026-0311', '41000000-0000-4000-8000-000000000001', 'test_medical', 'liquefied', 'released', 'a0000000-0000-4000-8000-000000000001', '2026-03-01 06:00+01', '2029-03-01', 'a0000000-0000-4000-8000-000000000002', '2026-03-01 09:00+01', null, null),
  ('45000000-0000-4000-8000-000000000002', 'OG-2026-0312', '41000000-0000-4000-8000-000000000001', 'test_medical', 'liquefied', 'pending', 'a0000000-0000-4000-8000-000000000001', '2026-03-02 00:30+01', '2026-03-03', null, null, null, null),
  ('45000000-0000-4000-8000-000000000003', 'OG-2025-0100', '41000000-0000-4000-8000-000000000001', 'test_medical', 'liquefied', 'recalled', 'a0000000-0000-4000-8000-000000000001', '2025-03-01 06:00+01', '2028-03-01', 'a0000000-0000-4000-8000-000000000002', '2025-03-01 09:00+01', '2025-04-01 09:00+01', 'Smell of oil');

-- given: cylinders: empty, full, waiting for the laboratory, with a customer, on the road, lost while full, and scrapped; one tested on the day it was made
insert into inventory_cylinders (id, owner_id, serial_number, barcode, size, grade, status, location_id, filling_id, manufactured_on, tested_on, lost_at, scrapped_at, scrapped_reason) values
  ('46000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'OG-10001', '60012345', 'ZB', 'test_medical', 'empty', '41000000-0000-4000-8000-000000000002', null, '2020-05-04', '2020-05-04', null, null, null),
  ('46000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 'OG-10002', null, 'ZB', 'test_medical', 'full', '41000000-0000-4000-8000-000000000002', '45000000-0000-4000-8000-000000000001', '2020-05-04', '2025-05-04', null, null, null),
  ('46000000-0000-4000-8000-000000000003', 'c0000000-0000-4000-8000-000000000001', 'OG-10003', null, 'ZB', 'test_medical', 'quarantined', '41000000-0000-4000-8000-000000000001', '45000000-0000-4000-8000-000000000002', '2020-05-04', '2025-05-04', null, null, null),
  ('46000000-0000-4000-8000-000000000004', 'c0000000-0000-4000-8000-000000000001', 'OG-10004', null, 'ZB', 'test_medical', 'with_customer', null, '45000000-0000-4000-8000-000000000001', '2020-05-04', '2025-05-04', null, null, null),
  ('46000000-0000-4000-8000-000000000005', 'c0000000-0000-4000-8000-000000000001', 'OG-10005', null, 'ZA', 'test_medical', 'lost', null, '45000000-0000-4000-8000-000000000001', '2020-05-04', '2025-05-04', '2026-03-02 10:00+01', null, null),
  ('46000000-0000-4000-8000-000000000006', 'c0000000-0000-4000-8000-000000000001', 'OG-10006', null, 'ZA', 'test_medical', 'scrapped', null, null, '1990-05-04', '2015-05-04', null, '2026-03-02 10:00+01', 'Failed its pressure test'),
  ('46000000-0000-4000-8000-000000000007', 'c0000000-0000-4000-8000-000000000002', 'OG-10001', null, 'ZB', 'test_medical', 'in_transit', null, null, '2020-05-04', '2025-05-04', null, null, null);

-- given: a whole life: bought, filled, released, delivered, brought back, serviced, lost, found, scrapped
insert into inventory_cylinder_events (cylinder_id, old_status, new_status, changed_by, note) values
  ('46000000-0000-4000-8000-000000000006', null, 'empty', null, null),
  ('46000000-0000-4000-8000-000000000006', 'empty', 'quarantined', 'a0000000-0000-4000-8000-000000000001', null),
  ('46000000-0000-4000-8000-000000000006', 'quarantined', 'full', 'a0000000-0000-4000-8000-000000000002', null),
  ('46000000-0000-4000-8000-000000000006', 'full', 'in_transit', null, null),
  ('46000000-0000-4000-8000-000000000006', 'in_transit', 'with_customer', null, null),
  ('46000000-0000-4000-8000-000000000006', 'with_customer', 'in_transit', null, null),
  ('46000000-0000-4000-8000-000000000006', 'in_transit', 'empty', null, null),
  ('46000000-0000-4000-8000-000000000006', 'empty', 'maintenance', null, null),
  ('46000000-0000-4000-8000-000000000006', 'maintenance', 'empty', null, null),
  ('46000000-0000-4000-8000-000000000006', 'empty', 'lost', null, 'Not in the rack'),
  ('46000000-0000-4000-8000-000000000006', 'lost', 'maintenance', null, 'Behind the rack'),
  ('46000000-0000-4000-8000-000000000006', 'maintenance', 'scrapped', null, 'Failed its pressure test');

-- given: which gas was in which cylinder
insert into inventory_cylinder_fillings (filling_id, cylinder_id, rack_position, gas_weight_kg) values
  ('45000000-0000-4000-8000-000000000001', '46000000-0000-4000-8000-000000000002', 1, 9.10),
  ('45000000-0000-4000-8000-000000000001', '46000000-0000-4000-8000-000000000004', 2, 9.10),
  ('45000000-0000-4000-8000-000000000002', '46000000-0000-4000-8000-000000000003', 1, 9.10);

-- given: a loan that ended on the day it began, damaged, with the whole deposit kept, and the next one of the same cylinder
insert into inventory_cylinder_assignments (id, cylinder_id, customer_id, order_id, deposit, deposit_kept, assigned_at, due_back_on, returned_at, returned_condition) values
  ('47000000-0000-4000-8000-000000000001', '46000000-0000-4000-8000-000000000004', 'b0000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 5000.00, 5000.00, '2026-02-01 08:00+01', '2026-02-01', '2026-02-01 18:00+01', 'damaged'),
  ('47000000-0000-4000-8000-000000000002', '46000000-0000-4000-8000-000000000004', 'b0000000-0000-4000-8000-000000000001', null, 5000.00, 0, '2026-03-02 08:00+01', '2026-03-09', null, null);

-- given: a sample of a batch that is exactly within its limits, checked on the last day of the calibration, and one of a single cylinder that failed
insert into inventory_quality_checks (id, filling_id, cylinder_id, grade, minimum_purity_percent, purity_percent, moisture_ppm, carbon_monoxide_ppm, carbon_dioxide_ppm, verdict, finding, instrument, calibrated_on, certificate_number, checked_by, checked_at) values
  ('48000000-0000-4000-8000-000000000001', '45000000-0000-4000-8000-000000000001', null, 'test_medical', 99.50, 99.50, 67, 5, 300, 'passed', null, 'SRV-7781', '2025-03-02', 'QC-2026-0311', 'a0000000-0000-4000-8000-000000000002', '2026-03-01 23:30+01'),
  ('48000000-0000-4000-8000-000000000002', '45000000-0000-4000-8000-000000000002', '46000000-0000-4000-8000-000000000003', 'test_medical', 99.50, 98.00, 80, 9, 400, 'failed', 'Nitrogen in the line', 'SRV-7781', '2025-06-01', null, 'a0000000-0000-4000-8000-000000000002', '2026-03-02 08:00+01');

-- given: a pressure test that was passed, a repair that was called off, a failed inspection, and a job that is planned
insert into inventory_maintenance_jobs (id, cylinder_id, kind, planned_for, technician_id, started_at, finished_at, cancelled_at, verdict, test_pressure_bar, finding) values
  ('49000000-0000-4000-8000-000000000001', '46000000-0000-4000-8000-000000000001', 'pressure_test', '2026-02-01', 'a0000000-0000-4000-8000-000000000001', '2026-02-01 08:00+01', '2026-02-01 09:00+01', null, 'passed', 228.0, null),
  ('49000000-0000-4000-8000-000000000002', '46000000-0000-4000-8000-000000000001', 'repaint', '2026-02-02', null, null, null, '2026-02-02 08:00+01', null, null, null),
  ('49000000-0000-4000-8000-000000000003', '46000000-0000-4000-8000-000000000001', 'internal_inspection', '2026-02-03', 'a0000000-0000-4000-8000-000000000001', '2026-02-03 08:00+01', '2026-02-03 09:00+01', null, 'failed', null, 'Rust'),
  ('49000000-0000-4000-8000-000000000004', '46000000-0000-4000-8000-000000000001', 'valve_replacement', '2026-03-09', null, null, null, null, null, null, null);

-- ------------------------------------------------------------------ reference data

-- name: medical-gas-that-is-not
-- why: Less than ninety percent is not given to people.
-- refused: 23514 inventory_gas_grades_medical_check
update inventory_gas_grades set medical = true where code = 'test_welding';

-- name: purer-than-pure
-- why: No gas is free of everything else.
-- refused: 23514 inventory_gas_grades_minimum_purity_percent_check
update inventory_gas_grades set minimum_purity_percent = 100 where code = 'test_concentrator';

-- name: grade-that-nobody-knows
-- why: What is sold is a gas that has limits.
-- refused: 23503 inventory_products_grade_fkey
update inventory_products set grade = 'phantom_gas' where id = '42000000-0000-4000-8000-000000000003';

-- name: portable-for-two
-- why: Portable is what one person carries.
-- refused: 23514 inventory_cylinder_sizes_portable_check
update inventory_cylinder_sizes set tare_weight_kg = 10.01 where code = 'ZA';

-- name: more-gas-than-the-steel-holds
-- why: A cylinder that is said to hold more would burst.
-- refused: 23514 inventory_cylinder_sizes_pressure_check
update inventory_cylinder_sizes set gas_litres = 484 where code = 'ZA';

-- ------------------------------------------------------------------ where it is

-- name: second-default-depot
-- why: Stock goes to one place when nobody says where.
-- refused: 23505 inventory_locations_default_idx
update inventory_locations set is_default = true where id = '41000000-0000-4000-8000-000000000001';

-- name: closed-default-depot
-- why: Nothing goes to a depot that is closed.
-- refused: 23514 inventory_locations_default_check
update inventory_locations set closed_at = now() where id = '41000000-0000-4000-8000-000000000002';

-- name: vehicle-without-a-plate
-- why: The police ask for it.
-- refused: 23514 inventory_locations_vehicle_check
update inventory_locations set vehicle_plate = null where id = '41000000-0000-4000-8000-000000000004';

-- name: plant-that-is-nowhere
-- why: What does not drive has an address.
-- refused: 23514 inventory_locations_address_check
update inventory_locations set city = null where id = '41000000-0000-4000-8000-000000000001';

-- name: two-depots-of-one-name
-- why: A driver is told a name and goes there.
-- refused: 23505 inventory_locations_name_idx
update inventory_locations set closed_at = null where id = '41000000-0000-4000-8000-000000000003';

-- ------------------------------------------------------------------ what is sold

-- name: two-prices-for-one-thing
-- why: The customer would be right to ask for the lower one.
-- refused: 23505 inventory_products_offer_idx
update inventory_products set retired_at = null where id = '42000000-0000-4000-8000-000000000002';

-- name: deposit-that-sells-the-cylinder
-- why: A deposit secures a cylinder, it does not sell one.
-- refused: 23514 inventory_products_deposit_check
update inventory_products set deposit = 300000.01 where id = '42000000-0000-4000-8000-000000000001';

-- name: oxygen-for-nothing
-- why: A price of zero is a price that somebody forgot.
-- refused: 23514 inventory_products_unit_price_check
update inventory_products set unit_price = 0, deposit = 0 where id = '42000000-0000-4000-8000-000000000003';

-- name: product-of-a-size-that-nobody-makes
-- why: Sizes are those of the trade.
-- refused: 23503 inventory_products_size_fkey
update inventory_products set size = 'Q' where id = '42000000-0000-4000-8000-000000000003';

-- ------------------------------------------------------------------ how much there is

-- name: promised-and-not-there
-- why: Nothing is promised that is not there.
-- refused: 23514 inventory_stock_reserved_cap_check
update inventory_stock set on_hand = 11 where product_id = '42000000-0000-4000-8000-000000000001';

-- name: fewer-promised-than-none
-- why: A promise cannot make more of it.
-- refused: 23514 inventory_stock_reserved_check
update inventory_stock set reserved = -1 where product_id = '42000000-0000-4000-8000-000000000003';

-- name: stock-in-another-vendors-depot
-- why: Product and location are the same vendor's.
-- refused: 23503 inventory_stock_location_fkey
insert into inventory_stock (product_id, location_id, vendor_id) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000005', 'c0000000-0000-4000-8000-000000000001');

-- name: reordering-an-unknown-quantity
-- why: Who is told to order is told how much.
-- refused: 23514 inventory_stock_reorder_check
update inventory_stock set reorder_quantity = null where product_id = '42000000-0000-4000-8000-000000000001';

-- name: the-same-movement-twice
-- why: A movement that is reported again after a lost answer happened once.
-- refused: 23505 inventory_stock_movements_reference_key
insert into inventory_stock_movements (product_id, location_id, kind, quantity, balance, reference) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'received', 20, 32, '43000000-0000-4000-8000-000000000001');

-- name: dispatched-into-the-depot
-- why: What is dispatched leaves.
-- refused: 23514 inventory_stock_movements_direction_check
insert into inventory_stock_movements (product_id, location_id, kind, quantity, balance, reference) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'dispatched', 2, 14, gen_random_uuid());

-- name: more-came-than-is-there
-- why: There were not fewer than none before.
-- refused: 23514 inventory_stock_movements_balance_check
insert into inventory_stock_movements (product_id, location_id, kind, quantity, balance, reference) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'received', 13, 12, gen_random_uuid());

-- name: count-that-explains-nothing
-- why: What was lost or found is explained.
-- refused: 23514 inventory_stock_movements_note_check
insert into inventory_stock_movements (product_id, location_id, kind, quantity, balance, reference) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 'counted', -2, 10, gen_random_uuid());

-- name: movement-of-what-was-never-kept-there
-- why: A movement changes a count.
-- refused: 23503 inventory_stock_movements_stock_fkey
insert into inventory_stock_movements (product_id, location_id, kind, quantity, balance, reference) values
  ('42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000001', 'received', 2, 2, gen_random_uuid());

-- name: promised-twice-to-one-order
-- why: One promise for one line.
-- refused: 23505 inventory_reservations_live_idx
insert into inventory_reservations (order_id, product_id, location_id, quantity, created_at, expires_at) values
  ('10000000-0000-4000-8000-000000000001', '42000000-0000-4000-8000-000000000001', '41000000-0000-4000-8000-000000000002', 1, '2026-03-02 09:00+01', '2026-03-02 10:00+01');

-- name: confirmed-after-it-ran-out
-- why: What has run out was given to somebody else.
-- refused: 23514 inventory_reservations_confirmed_check
update inventory_reservations set status = 'confirmed', confirmed_at = '2026-03-02 10:00:01+01' where id = '44000000-0000-4000-8000-000000000003';

-- name: released-and-still-held
-- why: Released is final, and is told by its moment.
-- refused: 23514 inventory_reservations_released_check
update inventory_reservations set released_at = '2026-03-02 09:30+01' where id = '44000000-0000-4000-8000-000000000003';

-- name: promise-for-ever
-- why: A promise runs out within a week.
-- refused: 23514 inventory_reservations_expiry_check
update inventory_reservations set expires_at = '2026-03-09 09:00:01+01' where id = '44000000-0000-4000-8000-000000000003';

-- ------------------------------------------------------------------ gas

-- name: released-by-who-filled-it
-- why: Four eyes: who filled it does not release it.
-- refused: 23514 inventory_fillings_four_eyes_check
update inventory_fillings set status = 'released', decided_by = filled_by, decided_at = '2026-03-02 09:00+01' where id = '45000000-0000-4000-8000-000000000002';

-- name: released-by-nobody
-- why: Somebody answers for it.
-- refused: 23514 inventory_fillings_decided_check
update inventory_fillings set status = 'released', decided_at = '2026-03-02 09:00+01' where id = '45000000-0000-4000-8000-000000000002';

-- name: recalled-for-no-reason
-- why: Hospitals are told why.
-- refused: 23514 inventory_fillings_recalled_check
update inventory_fillings set recall_reason = null where id = '45000000-0000-4000-8000-000000000003';

-- name: batch-number-used-again
-- why: A recall must name one batch.
-- refused: 23505 inventory_fillings_batch_key
update inventory_fillings set batch_number = 'OG-2026-0311' where id = '45000000-0000-4000-8000-000000000002';

-- name: gas-to-be-used-before-it-was-filled
-- why: Half past midnight in Lagos is the second of March, though it is the first in London.
-- refused: 23514 inventory_fillings_use_before_check
update inventory_fillings set use_before = '2026-03-02' where id = '45000000-0000-4000-8000-000000000002';

-- name: over-pressure
-- why: No cylinder takes more than 230 bar.
-- refused: 23514 inventory_fillings_pressure_bar_check
update inventory_fillings set pressure_bar = 230.1 where id = '45000000-0000-4000-8000-000000000002';

-- ------------------------------------------------------------------ cylinders

-- name: two-cylinders-of-one-number
-- why: An owner's serial number is one cylinder.
-- refused: 23505 inventory_cylinders_serial_key
update inventory_cylinders set serial_number = 'OG-10001' where id = '46000000-0000-4000-8000-000000000002';

-- name: full-of-nothing
-- why: What is full is full of a batch.
-- refused: 23514 inventory_cylinders_gas_check
update inventory_cylinders set filling_id = null where id = '46000000-0000-4000-8000-000000000002';

-- name: empty-with-gas-in-it
-- why: Nobody works on a cylinder that is under pressure.
-- refused: 23514 inventory_cylinders_gas_check
update inventory_cylinders set filling_id = '45000000-0000-4000-8000-000000000001' where id = '46000000-0000-4000-8000-000000000001';

-- name: with-a-customer-and-in-the-depot
-- why: It lies somewhere, or somebody has it.
-- refused: 23514 inventory_cylinders_place_check
update inventory_cylinders set location_id = '41000000-0000-4000-8000-000000000002' where id = '46000000-0000-4000-8000-000000000004';

-- name: scrapped-for-no-reason
-- why: Steel is not thrown away without a word.
-- refused: 23514 inventory_cylinders_scrapped_check
update inventory_cylinders set scrapped_reason = null where id = '46000000-0000-4000-8000-000000000006';

-- name: lost-since-never
-- why: The insurer asks when.
-- refused: 23514 inventory_cylinders_lost_check
update inventory_cylinders set lost_at = null where id = '46000000-0000-4000-8000-000000000005';

-- name: tested-before-it-was-made
-- why: It is tested when it is made, and again.
-- refused: 23514 inventory_cylinders_tested_check
update inventory_cylinders set tested_on = '2020-05-03' where id = '46000000-0000-4000-8000-000000000001';

-- name: cylinder-of-nobody
-- why: Somebody owns it.
-- refused: 23502 inventory_cylinders.owner_id
update inventory_cylinders set owner_id = null where id = '46000000-0000-4000-8000-000000000001';

-- name: customer-removed
-- why: An account that has a cylinder is closed, not deleted.
-- refused: 23503 inventory_cylinder_assignments_customer_id_fkey
delete from users where id = 'b0000000-0000-4000-8000-000000000001';

-- name: from-empty-to-a-customer
-- why: What a customer gets was filled, released and driven there.
-- refused: 23514 inventory_cylinder_events_step_check
insert into inventory_cylinder_events (cylinder_id, old_status, new_status) values ('46000000-0000-4000-8000-000000000001', 'empty', 'with_customer');

-- name: back-from-the-scrapyard
-- why: Scrapped is final.
-- refused: 23514 inventory_cylinder_events_step_check
insert into inventory_cylinder_events (cylinder_id, old_status, new_status) values ('46000000-0000-4000-8000-000000000006', 'scrapped', 'empty');

-- name: found-and-used-at-once
-- why: What was lost is looked at before it is used again.
-- refused: 23514 inventory_cylinder_events_step_check
insert into inventory_cylinder_events (cylinder_id, old_status, new_status) values ('46000000-0000-4000-8000-000000000005', 'lost', 'full');

-- name: bought-full
-- why: A cylinder is bought empty; its first gas is ours to answer for.
-- refused: 23514 inventory_cylinder_events_first_check
insert into inventory_cylinder_events (cylinder_id, old_status, new_status) values ('46000000-0000-4000-8000-000000000001', null, 'full');

-- name: bought-twice
-- why: A life begins once.
-- refused: 23505 inventory_cylinder_events_first_idx
insert into inventory_cylinder_events (cylinder_id, old_status, new_status) values ('46000000-0000-4000-8000-000000000006', null, 'empty');

-- name: lost-without-a-story
-- why: What is gone has a story.
-- refused: 23514 inventory_cylinder_events_note_check
insert into inventory_cylinder_events (cylinder_id, old_status, new_status) values ('46000000-0000-4000-8000-000000000001', 'empty', 'lost');

-- name: two-cylinders-at-one-hose
-- why: One hose fills one cylinder.
-- refused: 23505 inventory_cylinder_fillings_rack_key
update inventory_cylinder_fillings set rack_position = 1 where cylinder_id = '46000000-0000-4000-8000-000000000004';

-- name: cylinder-with-two-customers
-- why: One customer has it.
-- refused: 23505 inventory_cylinder_assignments_active_idx
insert into inventory_cylinder_assignments (cylinder_id, customer_id) values ('46000000-0000-4000-8000-000000000004', 'b0000000-0000-4000-8000-000000000002');

-- name: returned-in-unknown-condition
-- why: Whoever takes it back looks at it.
-- refused: 23514 inventory_cylinder_assignments_returned_check
update inventory_cylinder_assignments set returned_at = '2026-03-05 08:00+01' where id = '47000000-0000-4000-8000-000000000002';

-- name: deposit-kept-before-it-is-back
-- why: A deposit is kept for what was found.
-- refused: 23514 inventory_cylinder_assignments_kept_check
update inventory_cylinder_assignments set deposit_kept = 1 where id = '47000000-0000-4000-8000-000000000002';

-- name: more-kept-than-was-paid
-- why: Damage beyond the deposit is another bill.
-- refused: 23514 inventory_cylinder_assignments_kept_check
update inventory_cylinder_assignments set deposit_kept = 5000.01 where id = '47000000-0000-4000-8000-000000000001';

-- ------------------------------------------------------------------ whether it may be breathed

-- name: passed-below-the-limit
-- why: The grade's limit is the limit.
-- refused: 23514 inventory_quality_checks_purity_check
update inventory_quality_checks set purity_percent = 99.49 where id = '48000000-0000-4000-8000-000000000001';

-- name: passed-by-a-limit-of-its-own
-- why: A check that brings its own limit proves nothing.
-- refused: 23503 inventory_quality_checks_grade_fkey
update inventory_quality_checks set minimum_purity_percent = 90 where id = '48000000-0000-4000-8000-000000000001';

-- name: passed-with-carbon-monoxide
-- why: Six parts in a million are one too many.
-- refused: 23514 inventory_quality_checks_traces_check
update inventory_quality_checks set carbon_monoxide_ppm = 6 where id = '48000000-0000-4000-8000-000000000001';

-- name: failed-for-no-reason
-- why: Who rejects a batch says why.
-- refused: 23514 inventory_quality_checks_finding_check
update inventory_quality_checks set finding = null where id = '48000000-0000-4000-8000-000000000002';

-- name: certificate-of-a-failure
-- why: A certificate is what the hospital trusts.
-- refused: 23514 inventory_quality_checks_certificate_check
update inventory_quality_checks set certificate_number = 'QC-2026-0312' where id = '48000000-0000-4000-8000-000000000002';

-- name: analyser-out-of-calibration
-- why: An analyser is calibrated every year.
-- refused: 23514 inventory_quality_checks_calibration_check
update inventory_quality_checks set calibrated_on = '2025-03-01' where id = '48000000-0000-4000-8000-000000000001';

-- name: sample-of-a-cylinder-of-another-batch
-- why: A sample speaks for the batch that it is of.
-- refused: 23503 inventory_quality_checks_cylinder_fkey
update inventory_quality_checks set cylinder_id = '46000000-0000-4000-8000-000000000002' where id = '48000000-0000-4000-8000-000000000002';

-- name: two-jobs-at-once
-- why: A cylinder is on one bench.
-- refused: 23505 inventory_maintenance_jobs_open_idx
insert into inventory_maintenance_jobs (cylinder_id, kind, planned_for) values ('46000000-0000-4000-8000-000000000001', 'repaint', '2026-03-10');

-- name: work-by-nobody
-- why: Somebody does it.
-- refused: 23514 inventory_maintenance_jobs_started_check
update inventory_maintenance_jobs set started_at = '2026-03-09 08:00+01' where id = '49000000-0000-4000-8000-000000000004';

-- name: finished-without-a-verdict
-- why: The next one in line must know whether it holds.
-- refused: 23514 inventory_maintenance_jobs_finished_check
update inventory_maintenance_jobs set technician_id = 'a0000000-0000-4000-8000-000000000001', started_at = '2026-03-09 08:00+01', finished_at = '2026-03-09 09:00+01' where id = '49000000-0000-4000-8000-000000000004';

-- name: done-and-called-off
-- why: Done or called off, not both.
-- refused: 23514 inventory_maintenance_jobs_outcome_check
update inventory_maintenance_jobs set cancelled_at = '2026-02-01 10:00+01' where id = '49000000-0000-4000-8000-000000000001';

-- name: pressure-test-without-a-pressure
-- why: The number is the test.
-- refused: 23514 inventory_maintenance_jobs_pressure_check
update inventory_maintenance_jobs set test_pressure_bar = null where id = '49000000-0000-4000-8000-000000000001';

-- name: inspection-that-found-something-unsaid
-- why: Who rejects a cylinder says what was seen.
-- refused: 23514 inventory_maintenance_jobs_finding_check
update inventory_maintenance_jobs set finding = null where id = '49000000-0000-4000-8000-000000000003';
