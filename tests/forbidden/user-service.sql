-- What the rules of user-service refuse, and rows beside it that they accept.
--
-- manifests: user-service
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

-- given: an administrator and the accounts of two hospitals, a vendor and two drivers
insert into users (id, email, phone, role, status, password_hash, email_verified_at, phone_verified_at) values
  ('a0000000-0000-4000-8000-000000000001', 'ops@oxygen.example', '+2348030000001', 'admin', 'active', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-01-05 09:00+01', '2026-01-05 09:05+01'),
  ('b0000000-0000-4000-8000-000000000001', 'stores@lagoon-general.example', '+2348030000011', 'hospital', 'active', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-01-06 09:00+01', null),
  ('b0000000-0000-4000-8000-000000000002', 'stores@lagoon-lekki.example', null, 'hospital', 'active', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-01-06 09:00+01', null),
  ('c0000000-0000-4000-8000-000000000001', 'sales@ogun-gases.example', '+2348030000021', 'vendor', 'active', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-01-07 09:00+01', null),
  ('d0000000-0000-4000-8000-000000000001', 'musa@ogun-gases.example', '+2348030000031', 'driver', 'active', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-01-07 09:00+01', null),
  ('d0000000-0000-4000-8000-000000000002', 'ngozi@ogun-gases.example', '+2348030000032', 'driver', 'active', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-01-07 09:00+01', null);

-- given: accounts in the other states, each with the moment and reason that go with it
insert into users (id, email, role, password_hash, invited_by) values
  ('b0000000-0000-4000-8000-000000000003', 'new@clinic.example', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', 'a0000000-0000-4000-8000-000000000001');
insert into users (id, email, role, status, password_hash, suspended_at, suspended_reason) values
  ('c0000000-0000-4000-8000-000000000002', 'late@gases.example', 'vendor', 'suspended', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-02-01 12:00+01', 'Three orders not delivered');
insert into users (id, email, role, status, password_hash, closed_at) values
  ('d0000000-0000-4000-8000-000000000003', 'gone@gases.example', 'driver', 'closed', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '2026-02-02 12:00+01');

-- given: the people behind two accounts
insert into user_profiles (user_id, given_name, family_name, job_title, preferences) values
  ('a0000000-0000-4000-8000-000000000001', 'Adaeze', 'Okafor', 'Platform operations', '{"alerts": ["sms", "email"]}'),
  ('b0000000-0000-4000-8000-000000000001', 'Tunde', 'Bello', 'Head of stores', '{}');

-- given: a session that was rotated; the old row names its successor before that one exists
insert into user_sessions (id, user_id, device_id, refresh_token_hash, created_at, last_used_at, expires_at) values
  ('e0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000001', sha256('first'), '2026-03-01 08:00+01', '2026-03-01 08:00+01', '2026-03-31 08:00+01');
update user_sessions
   set revoked_at = '2026-03-02 08:00+01', revoked_reason = 'rotated', replaced_by = 'e0000000-0000-4000-8000-000000000002'
 where id = 'e0000000-0000-4000-8000-000000000001';
insert into user_sessions (id, user_id, device_id, refresh_token_hash, created_at, last_used_at, expires_at) values
  ('e0000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000001', sha256('second'), '2026-03-02 08:00+01', '2026-03-02 08:00+01', '2026-04-01 08:00+01');

-- given: the same account on a second device, and another account on the first device
insert into user_sessions (id, user_id, device_id, refresh_token_hash, created_at, last_used_at, expires_at) values
  ('e0000000-0000-4000-8000-000000000003', 'b0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000002', sha256('third'), '2026-03-02 09:00+01', '2026-03-02 09:00+01', '2026-04-01 09:00+01'),
  ('e0000000-0000-4000-8000-000000000004', 'b0000000-0000-4000-8000-000000000002', 'f0000000-0000-4000-8000-000000000001', sha256('fourth'), '2026-03-02 10:00+01', '2026-03-02 10:00+01', '2026-04-01 10:00+01');

-- given: a token that was used at its very last moment, and an open one after it that lives for the longest time allowed
insert into user_one_time_tokens (user_id, purpose, token_hash, sent_to, created_at, expires_at, used_at) values
  ('b0000000-0000-4000-8000-000000000003', 'verify_email', sha256('link one'), 'new@clinic.example', '2026-03-01 08:00+01', '2026-03-02 08:00+01', '2026-03-02 08:00+01'),
  ('b0000000-0000-4000-8000-000000000003', 'verify_email', sha256('link two'), 'new@clinic.example', '2026-03-03 08:00+01', '2026-03-06 08:00+01', null);

-- given: attempts to sign in, with and without an account
insert into user_login_attempts (user_id, email, outcome, ip_address) values
  ('b0000000-0000-4000-8000-000000000001', 'Stores@Lagoon-General.example', 'wrong_password', '203.0.113.7'),
  (null, 'nobody@nowhere.example', 'unknown_account', '2001:db8::7');

-- given: what an administrator and a hospital may do
insert into user_permissions (code, label) values ('ward.order', 'Order for a ward'), ('vendor.approve', 'Approve a vendor');
insert into user_role_permissions (role, permission, granted_by) values
  ('hospital', 'ward.order', 'a0000000-0000-4000-8000-000000000001'),
  ('admin', 'vendor.approve', null);

-- given: a hospital site that is entered before the group it belongs to; all beds are intensive care
insert into user_hospital_profiles (id, user_id, name, registration_number, ownership, parent_id, bed_count, icu_bed_count, address_line1, city, state_code, emergency_phone) values
  ('b1000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000002', 'Lagoon General, Lekki', 'LA/0412', 'private', 'b1000000-0000-4000-8000-000000000001', 12, 12, '4 Admiralty Way', 'Lekki', 'NG-LA', '+2348030000012');
insert into user_hospital_profiles (id, user_id, name, registration_number, ownership, bed_count, icu_bed_count, address_line1, city, state_code, latitude, longitude, emergency_phone) values
  ('b1000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', 'Lagoon General', 'LA/0411', 'private', 240, 18, '1 Marina', 'Lagos', 'NG-LA', 6.450400, 3.394700, '+2348030000011');

-- given: two contacts of one hospital, one of them primary, and the primary contact of the other
insert into user_hospital_contacts (hospital_id, full_name, phone, email, is_primary, takes_emergencies) values
  ('b1000000-0000-4000-8000-000000000001', 'Bisi Adeyemi', '+2348030000013', 'b.adeyemi@lagoon-general.example', true, true),
  ('b1000000-0000-4000-8000-000000000001', 'Emeka Obi', '+2348030000014', null, false, true),
  ('b1000000-0000-4000-8000-000000000002', 'Bisi Adeyemi', '+2348030000013', 'b.adeyemi@lagoon-general.example', true, true);

-- given: an approved vendor with the best possible rating, and one that was turned away
insert into user_vendor_profiles (id, user_id, name, business_registration, licence_number, licence_issued_on, licence_expires_on, status, approved_at, approved_by, rating_sum, rating_count, delivery_radius_km, emergency_service, emergency_phone, address_line1, city, state_code, latitude, longitude) values
  ('c1000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'Ogun Gases', 'RC104233', 'MG-2025-0087', '2025-06-01', '2027-05-31', 'approved', '2026-01-10 10:00+01', 'a0000000-0000-4000-8000-000000000001', 20, 4, 500, true, '+2348030000022', '7 Abeokuta Road', 'Sango Ota', 'NG-OG', 6.688000, 3.231300);
insert into user_vendor_profiles (id, user_id, name, business_registration, licence_number, licence_issued_on, licence_expires_on, status, rejected_reason, address_line1, city, state_code, latitude, longitude) values
  ('c1000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000002', 'Late Gases', 'BN20411', 'MG-2024-0311', '2024-01-01', '2024-12-31', 'rejected', 'The licence has run out', '2 Bode Thomas', 'Surulere', 'NG-LA', 6.489600, 3.355000);

-- given: a driver with a vehicle and one without
insert into user_driver_profiles (id, user_id, vendor_id, licence_number, licence_expires_on, gas_certified_until, vehicle_plate, vehicle_capacity_kg) values
  ('d1000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000001', 'c1000000-0000-4000-8000-000000000001', 'AAA00000AA01', '2028-03-01', '2027-03-01', 'KJA-412XY', 1800),
  ('d1000000-0000-4000-8000-000000000002', 'd0000000-0000-4000-8000-000000000002', 'c1000000-0000-4000-8000-000000000001', 'AAA00000AA02', '2028-03-01', null, null, null);

-- given: a shift of twelve hours, one that starts when it ends, a cancelled one over both, and a colleague at the same time
insert into user_driver_shifts (driver_id, starts_at, ends_at, cancelled_at) values
  ('d1000000-0000-4000-8000-000000000001', '2026-03-02 06:00+01', '2026-03-02 18:00+01', null),
  ('d1000000-0000-4000-8000-000000000001', '2026-03-02 18:00+01', '2026-03-02 22:00+01', null),
  ('d1000000-0000-4000-8000-000000000001', '2026-03-02 12:00+01', '2026-03-02 20:00+01', '2026-03-01 12:00+01'),
  ('d1000000-0000-4000-8000-000000000002', '2026-03-02 06:00+01', '2026-03-02 18:00+01', null);

-- given: papers of a vendor, one approved and one under review, and the verdicts on them
insert into user_documents (id, user_id, kind, status, storage_key, media_type, size_bytes, sha256, issued_on, expires_on, extracted) values
  ('cd000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'business_registration', 'approved', 'documents/2026/01/cac.pdf', 'application/pdf', 20971520, sha256('cac'), '2019-04-02', null, '{"number": "RC104233"}'),
  ('cd000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 'medical_licence', 'submitted', 'documents/2026/01/licence.pdf', 'application/pdf', 1, sha256('licence'), '2025-06-01', '2027-05-31', '{"number": "MG-2025-0087"}');
insert into user_document_reviews (document_id, reviewer_id, decision, note) values
  ('cd000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'more_information', 'The second page is missing'),
  ('cd000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'approved', null);

-- ------------------------------------------------------------------ accounts

-- name: account-with-an-address-that-is-taken
-- why: An e-mail address names one account, however it is capitalized.
-- refused: 23505 users_email_key
insert into users (email, role, password_hash) values ('OPS@Oxygen.Example', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- name: account-with-a-phone-that-is-taken
-- why: A telephone number signs in to one account.
-- refused: 23505 users_phone_key
insert into users (email, phone, role, password_hash) values ('second@oxygen.example', '+2348030000001', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- name: account-without-a-role
-- why: An account that is neither hospital, vendor, driver nor administrator can do nothing.
-- refused: 23502 users.role
insert into users (email, password_hash) values ('norole@oxygen.example', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- name: account-with-an-address-that-cannot-be-reached
-- why: Everything that matters is sent to the e-mail address.
-- refused: 23514 users_email_check
insert into users (email, role, password_hash) values ('stores at lagoon', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- name: account-with-a-local-phone-number
-- why: A number without its country cannot be dialled from everywhere.
-- refused: 23514 users_phone_check
insert into users (email, phone, role, password_hash) values ('local@oxygen.example', '08030000099', 'hospital', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA');

-- name: account-with-a-plain-password
-- why: A password is kept as an argon2id hash, nothing else.
-- refused: 23514 users_password_hash_check
insert into users (email, role, password_hash) values ('plain@oxygen.example', 'hospital', 'correct horse battery staple');

-- name: account-active-before-its-address-is-verified
-- why: Only who has shown that the e-mail address is theirs may act.
-- refused: 23514 users_active_check
update users set status = 'active' where id = 'b0000000-0000-4000-8000-000000000003';

-- name: account-with-a-verified-phone-but-no-phone
-- why: What is not there cannot have been verified.
-- refused: 23514 users_phone_verified_check
update users set phone_verified_at = '2026-03-01 08:00+01' where id = 'b0000000-0000-4000-8000-000000000002';

-- name: account-suspended-at-no-time
-- why: A suspension has a moment from which it counts.
-- refused: 23514 users_suspended_check
update users set status = 'suspended' where id = 'c0000000-0000-4000-8000-000000000001';

-- name: account-suspended-for-no-reason
-- why: Whoever is suspended has a right to be told why.
-- refused: 23514 users_suspension_check
update users set status = 'suspended', suspended_at = '2026-03-01 08:00+01' where id = 'c0000000-0000-4000-8000-000000000001';

-- name: account-closed-but-still-active
-- why: A closed account is closed in name and in time.
-- refused: 23514 users_closed_check
update users set closed_at = '2026-03-01 08:00+01' where id = 'c0000000-0000-4000-8000-000000000001';

-- name: account-that-invited-itself
-- why: An invitation comes from somebody who is already there.
-- refused: 23514 users_invited_check
update users set invited_by = id where id = 'b0000000-0000-4000-8000-000000000003';

-- name: account-changed-before-it-was-made
-- why: Time runs forward.
-- refused: 23514 users_updated_check
update users set updated_at = created_at - interval '1 second' where id = 'b0000000-0000-4000-8000-000000000003';

-- name: role-changed-under-a-hospital-profile
-- why: An account with a hospital profile stays a hospital.
-- refused: 23503 user_hospital_profiles_user_fkey
update users set role = 'vendor' where id = 'b0000000-0000-4000-8000-000000000001';

-- name: profile-without-a-family-name
-- why: The name is printed on every delivery note.
-- refused: 23514 user_profiles_family_name_check
insert into user_profiles (user_id, given_name, family_name) values ('d0000000-0000-4000-8000-000000000001', 'Musa', '  ');

-- name: profile-with-a-list-of-preferences
-- why: Preferences are looked up by name.
-- refused: 23514 user_profiles_preferences_check
update user_profiles set preferences = '["sms"]' where user_id = 'b0000000-0000-4000-8000-000000000001';

-- ------------------------------------------------------------------ signing in

-- name: session-that-ends-when-it-begins
-- why: A session that is over before it starts lets nobody in.
-- refused: 23514 user_sessions_expiry_check
insert into user_sessions (user_id, device_id, refresh_token_hash, created_at, last_used_at, expires_at) values
  ('d0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000009', sha256('ninth'), '2026-03-02 08:00+01', '2026-03-02 08:00+01', '2026-03-02 08:00+01');

-- name: session-used-after-it-ended
-- why: A session that has run out is not used.
-- refused: 23514 user_sessions_last_used_check
update user_sessions set last_used_at = '2026-04-01 09:00:01+01' where id = 'e0000000-0000-4000-8000-000000000003';

-- name: second-live-session-on-one-device
-- why: Signing in again on a device ends the session that was there.
-- refused: 23505 user_sessions_device_idx
insert into user_sessions (user_id, device_id, refresh_token_hash, created_at, last_used_at, expires_at) values
  ('b0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000002', sha256('fifth'), '2026-03-05 08:00+01', '2026-03-05 08:00+01', '2026-04-05 08:00+01');

-- name: session-with-a-token-seen-before
-- why: A refresh token is given out once.
-- refused: 23505 user_sessions_refresh_token_hash_key
insert into user_sessions (user_id, device_id, refresh_token_hash, created_at, last_used_at, expires_at) values
  ('d0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000003', sha256('first'), '2026-03-05 08:00+01', '2026-03-05 08:00+01', '2026-04-05 08:00+01');

-- name: session-with-the-token-itself
-- why: Only the hash of a token is kept.
-- refused: 23514 user_sessions_refresh_token_hash_check
insert into user_sessions (user_id, device_id, refresh_token_hash, created_at, last_used_at, expires_at) values
  ('d0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000003', 'a token in the clear', '2026-03-05 08:00+01', '2026-03-05 08:00+01', '2026-04-05 08:00+01');

-- name: session-revoked-without-a-reason
-- why: The auditor asks why a session ended.
-- refused: 23514 user_sessions_revoked_check
update user_sessions set revoked_at = '2026-03-03 08:00+01' where id = 'e0000000-0000-4000-8000-000000000003';

-- name: session-replaced-though-its-user-signed-out
-- why: Only a rotation has a successor.
-- refused: 23514 user_sessions_replaced_check
update user_sessions
   set revoked_at = '2026-03-03 08:00+01', revoked_reason = 'logout', replaced_by = 'e0000000-0000-4000-8000-000000000004'
 where id = 'e0000000-0000-4000-8000-000000000003';

-- name: session-replaced-by-one-that-never-came
-- why: By the end of the transaction the successor must exist.
-- refused: 23503 user_sessions_replaced_by_fkey
update user_sessions
   set revoked_at = '2026-03-03 08:00+01', revoked_reason = 'rotated', replaced_by = 'e0000000-0000-4000-8000-0000000000ff'
 where id = 'e0000000-0000-4000-8000-000000000003';

-- name: token-that-lives-too-long
-- why: A link in a mailbox is a key under the mat: three days at most.
-- refused: 23514 user_one_time_tokens_expiry_check
insert into user_one_time_tokens (user_id, purpose, token_hash, sent_to, created_at, expires_at) values
  ('b0000000-0000-4000-8000-000000000003', 'reset_password', sha256('link three'), 'new@clinic.example', '2026-03-03 08:00+01', '2026-03-06 08:00:01+01');

-- name: token-used-after-it-ran-out
-- why: A link that has run out opens nothing.
-- refused: 23514 user_one_time_tokens_used_check
update user_one_time_tokens set used_at = '2026-03-06 08:00:01+01' where token_hash = sha256('link two');

-- name: second-open-token-for-one-purpose
-- why: Asking again makes the earlier link worthless.
-- refused: 23505 user_one_time_tokens_open_idx
insert into user_one_time_tokens (user_id, purpose, token_hash, sent_to, created_at, expires_at) values
  ('b0000000-0000-4000-8000-000000000003', 'verify_email', sha256('link four'), 'new@clinic.example', '2026-03-04 08:00+01', '2026-03-05 08:00+01');

-- name: token-guessed-at-for-ever
-- why: After five wrong codes a new one must be sent.
-- refused: 23514 user_one_time_tokens_attempts_check
update user_one_time_tokens set attempts = 6 where token_hash = sha256('link two');

-- name: attempt-that-was-accepted-for-nobody
-- why: Only an unknown account leaves no account behind.
-- refused: 23514 user_login_attempts_account_check
insert into user_login_attempts (user_id, email, outcome, ip_address) values (null, 'ops@oxygen.example', 'accepted', '203.0.113.7');

-- name: permission-that-nobody-defined
-- why: A role is given what exists.
-- refused: 23503 user_role_permissions_permission_fkey
insert into user_role_permissions (role, permission) values ('driver', 'order.teleport');

-- ------------------------------------------------------------------ hospitals

-- name: hospital-profile-of-a-vendor
-- why: A vendor is not a hospital.
-- refused: 23503 user_hospital_profiles_user_fkey
insert into user_hospital_profiles (user_id, name, registration_number, ownership, bed_count, address_line1, city, state_code, emergency_phone) values
  ('c0000000-0000-4000-8000-000000000001', 'Ogun Gases Clinic', 'OG/0001', 'private', 4, '7 Abeokuta Road', 'Sango Ota', 'NG-OG', '+2348030000022');

-- name: second-profile-of-one-hospital-account
-- why: An account stands for one hospital.
-- refused: 23505 user_hospital_profiles_user_key
insert into user_hospital_profiles (user_id, name, registration_number, ownership, bed_count, address_line1, city, state_code, emergency_phone) values
  ('b0000000-0000-4000-8000-000000000001', 'Lagoon General, Ikeja', 'LA/0413', 'private', 40, '3 Allen Avenue', 'Ikeja', 'NG-LA', '+2348030000015');

-- name: hospital-with-more-intensive-care-than-beds
-- why: Intensive care beds are beds.
-- refused: 23514 user_hospital_profiles_beds_check
update user_hospital_profiles set icu_bed_count = 13 where id = 'b1000000-0000-4000-8000-000000000002';

-- name: hospital-with-half-a-position
-- why: A latitude alone is a line round the earth.
-- refused: 23514 user_hospital_profiles_place_check
update user_hospital_profiles set latitude = 6.440000 where id = 'b1000000-0000-4000-8000-000000000002';

-- name: hospital-beyond-the-pole
-- why: There is nothing north of ninety degrees.
-- refused: 23514 user_hospital_profiles_latitude_check
update user_hospital_profiles set latitude = 90.000001 where id = 'b1000000-0000-4000-8000-000000000001';

-- name: hospital-that-is-its-own-group
-- why: A site belongs to another one or to none.
-- refused: 23514 user_hospital_profiles_parent_check
update user_hospital_profiles set parent_id = id where id = 'b1000000-0000-4000-8000-000000000001';

-- name: hospital-of-a-group-that-never-came
-- why: By the end of the import the group must exist.
-- refused: 23503 user_hospital_profiles_parent_id_fkey
update user_hospital_profiles set parent_id = 'b1000000-0000-4000-8000-0000000000ff' where id = 'b1000000-0000-4000-8000-000000000001';

-- name: second-primary-contact
-- why: In an emergency it must be clear who is called first.
-- refused: 23505 user_hospital_contacts_primary_idx
insert into user_hospital_contacts (hospital_id, full_name, phone, email, is_primary, takes_emergencies) values
  ('b1000000-0000-4000-8000-000000000001', 'Kemi Alade', '+2348030000016', 'k.alade@lagoon-general.example', true, true);

-- name: primary-contact-who-takes-no-emergencies
-- why: Who is called first must want to be called.
-- refused: 23514 user_hospital_contacts_primary_check
update user_hospital_contacts set takes_emergencies = false where is_primary and hospital_id = 'b1000000-0000-4000-8000-000000000001';

-- name: contact-entered-twice
-- why: One number is one person at a hospital.
-- refused: 23505 user_hospital_contacts_phone_key
insert into user_hospital_contacts (hospital_id, full_name, phone) values ('b1000000-0000-4000-8000-000000000001', 'E. Obi', '+2348030000014');

-- ------------------------------------------------------------------ vendors and drivers

-- name: vendor-whose-licence-ends-before-it-starts
-- why: A licence is valid for at least one day.
-- refused: 23514 user_vendor_profiles_licence_check
update user_vendor_profiles set licence_expires_on = licence_issued_on where id = 'c1000000-0000-4000-8000-000000000001';

-- name: vendor-approved-by-nobody
-- why: Somebody answers for every vendor who may sell.
-- refused: 23514 user_vendor_profiles_approval_check
update user_vendor_profiles set approved_by = null where id = 'c1000000-0000-4000-8000-000000000001';

-- name: vendor-that-approved-itself
-- why: Nobody is the judge of their own licence.
-- refused: 23514 user_vendor_profiles_approver_check
update user_vendor_profiles set approved_by = user_id where id = 'c1000000-0000-4000-8000-000000000001';

-- name: vendor-turned-away-without-a-reason
-- why: Whoever is turned away is told why.
-- refused: 23514 user_vendor_profiles_rejection_check
update user_vendor_profiles set rejected_reason = null where id = 'c1000000-0000-4000-8000-000000000002';

-- name: vendor-with-more-stars-than-there-are
-- why: A rating gives five stars at most.
-- refused: 23514 user_vendor_profiles_rating_check
update user_vendor_profiles set rating_sum = 21 where id = 'c1000000-0000-4000-8000-000000000001';

-- name: vendor-for-emergencies-without-a-number
-- why: An emergency service that cannot be called is none.
-- refused: 23514 user_vendor_profiles_emergency_check
update user_vendor_profiles set emergency_phone = null where id = 'c1000000-0000-4000-8000-000000000001';

-- name: vendor-with-another-vendors-licence
-- why: A licence is held by one vendor.
-- refused: 23505 user_vendor_profiles_licence_number_key
update user_vendor_profiles set licence_number = 'MG-2025-0087' where id = 'c1000000-0000-4000-8000-000000000002';

-- name: vendor-nobody-can-find
-- why: Without a place no distance can be told.
-- refused: 23502 user_vendor_profiles.latitude
update user_vendor_profiles set latitude = null where id = 'c1000000-0000-4000-8000-000000000001';

-- name: driver-with-a-vehicle-of-unknown-load
-- why: A vehicle is planned by what it can carry.
-- refused: 23514 user_driver_profiles_vehicle_check
update user_driver_profiles set vehicle_plate = 'KJA-413XY' where id = 'd1000000-0000-4000-8000-000000000002';

-- name: shift-over-another-shift
-- why: A driver works one shift at a time.
-- refused: 23P01 user_driver_shifts_overlap_excl
insert into user_driver_shifts (driver_id, starts_at, ends_at) values
  ('d1000000-0000-4000-8000-000000000001', '2026-03-02 21:59+01', '2026-03-03 06:00+01');

-- name: shift-brought-back-over-another-shift
-- why: What was cancelled comes back only where there is room.
-- refused: 23P01 user_driver_shifts_overlap_excl
update user_driver_shifts set cancelled_at = null where cancelled_at is not null;

-- name: shift-longer-than-twelve-hours
-- why: A tired driver with gas on board is a danger.
-- refused: 23514 user_driver_shifts_span_check
insert into user_driver_shifts (driver_id, starts_at, ends_at) values
  ('d1000000-0000-4000-8000-000000000002', '2026-03-04 06:00+01', '2026-03-04 18:00:01+01');

-- ------------------------------------------------------------------ papers and verdicts

-- name: paper-that-runs-out-before-it-was-issued
-- why: A paper is valid for at least one day.
-- refused: 23514 user_documents_dates_check
update user_documents set expires_on = '2025-06-01' where id = 'cd000000-0000-4000-8000-000000000002';

-- name: paper-that-ran-out-on-no-day
-- why: Only what has a last day can be past it.
-- refused: 23514 user_documents_expired_check
update user_documents set status = 'expired' where id = 'cd000000-0000-4000-8000-000000000001';

-- name: second-paper-of-a-kind-under-review
-- why: The reviewer judges the newest paper, not a pile of them.
-- refused: 23505 user_documents_open_idx
insert into user_documents (user_id, kind, storage_key, media_type, size_bytes, sha256) values
  ('c0000000-0000-4000-8000-000000000001', 'medical_licence', 'documents/2026/02/licence.pdf', 'application/pdf', 4096, sha256('licence again'));

-- name: the-same-file-under-another-name
-- why: One file is one paper, whatever it is called.
-- refused: 23505 user_documents_content_key
insert into user_documents (user_id, kind, storage_key, media_type, size_bytes, sha256) values
  ('c0000000-0000-4000-8000-000000000001', 'identity', 'documents/2026/02/copy.pdf', 'application/pdf', 4096, sha256('cac'));

-- name: verdict-against-without-a-note
-- why: Whoever is turned away is told why.
-- refused: 23514 user_document_reviews_note_check
insert into user_document_reviews (document_id, reviewer_id, decision) values
  ('cd000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'rejected');

-- name: verdict-by-nobody
-- why: Somebody answers for every verdict.
-- refused: 23502 user_document_reviews.reviewer_id
insert into user_document_reviews (document_id, decision) values ('cd000000-0000-4000-8000-000000000002', 'approved');
