//! What a client is told who breaks a rule of this slice.

use crate::refusal::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule::unacceptable(
        "orders_hospital_id_fkey",
        "unknown_hospital",
        "hospital_id",
        "there is no such account",
    ),
    Rule::unacceptable("orders_vendor_id_fkey", "unknown_vendor", "vendor_id", "there is no such account"),
    Rule::unacceptable("orders_cancelled_by_fkey", "unknown_user", "changed_by", "there is no such account"),
    Rule::unacceptable(
        "order_status_history_changed_by_fkey",
        "unknown_user",
        "changed_by",
        "there is no such account",
    ),
    Rule::unacceptable(
        "orders_cancel_reason_fkey",
        "unknown_reason",
        "reason",
        "orders are not cancelled for this reason",
    ),
    Rule::unacceptable("orders_parties_check", "own_order", "vendor_id", "nobody buys from itself"),
    Rule::unacceptable("orders_window_check", "window", "deliver_before", "the window ends before it begins"),
    Rule::unacceptable(
        "orders_due_check",
        "window",
        "deliver_before",
        "nothing can be due before it is asked for",
    ),
    Rule::unacceptable(
        "orders_emergency_reason_check",
        "emergency_reason",
        "emergency_reason",
        "an emergency has a reason",
    ),
    Rule::unacceptable(
        "orders_emergency_window_check",
        "no_emergency",
        "deliver_before",
        "what can wait for longer than 24 hours is no emergency",
    ),
    Rule::unacceptable(
        "orders_client_reference_check",
        "client_reference_missing",
        "client_reference",
        "only what is taken down by telephone may lack it",
    ),
    Rule::unacceptable(
        "orders_delivery_address_check",
        "address",
        "delivery_address",
        "an address has words",
    ),
    Rule::unacceptable(
        "orders_delivery_state_check",
        "state",
        "delivery_state",
        "a state is written as NG-LA",
    ),
    Rule::unacceptable("orders_contact_name_check", "contact_name", "contact_name", "a name has letters"),
    Rule::unacceptable(
        "orders_contact_phone_check",
        "contact_phone",
        "contact_phone",
        "a phone number is written as +2348012345678",
    ),
    Rule::unacceptable(
        "orders_purchase_order_check",
        "purchase_order",
        "purchase_order",
        "a number has digits; leave it out if there is none",
    ),
    Rule::conflict(
        "orders_purchase_order_idx",
        "purchase_order_used",
        "this hospital has an order of this number already",
    ),
    Rule::conflict(
        "orders_client_reference_key",
        "client_reference_used",
        "another order was placed with this client_reference",
    ),
    Rule::unacceptable("order_items_quantity_check", "quantity", "items", "a line has 1 to 500 cylinders"),
    Rule::unacceptable("order_items_description_check", "description", "items", "a description has words"),
    Rule::unacceptable(
        "order_items_product_key",
        "line_twice",
        "items",
        "more of the same is a larger quantity, not another line",
    ),
    Rule::unacceptable("order_items_rental_check", "deposit", "items", "only what is lent carries a deposit"),
    Rule::conflict("order_status_history_final_check", "final", "delivered and cancelled are final"),
    Rule::conflict("orders_vendor_check", "no_vendor", "only a vendor can confirm an order"),
];
