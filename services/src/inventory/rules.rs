//! What a client is told who breaks a rule of this slice.

use crate::refusal::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule::unacceptable(
        "inventory_cylinders_owner_id_fkey",
        "unknown_owner",
        "owner_id",
        "there is no such account",
    ),
    Rule::unacceptable(
        "inventory_cylinders_location_id_fkey",
        "unknown_location",
        "location_id",
        "there is no such location",
    ),
    Rule::unacceptable(
        "inventory_cylinders_filling_id_fkey",
        "unknown_filling",
        "filling_id",
        "there is no such batch",
    ),
    Rule::unacceptable(
        "inventory_cylinders_size_fkey",
        "unknown_size",
        "size",
        "nobody makes cylinders of this size",
    ),
    Rule::unacceptable(
        "inventory_cylinders_grade_fkey",
        "unknown_grade",
        "grade",
        "there is no gas of this grade",
    ),
    Rule::unacceptable(
        "inventory_cylinders_serial_number_check",
        "serial_number",
        "serial_number",
        "a serial number has 4 to 32 capital letters, digits and hyphens",
    ),
    Rule::unacceptable(
        "inventory_cylinders_barcode_check",
        "barcode",
        "barcode",
        "a barcode has 8 to 14 digits",
    ),
    Rule::conflict(
        "inventory_cylinders_serial_key",
        "serial_number_taken",
        "this owner has a cylinder of this number already",
    ),
    Rule::conflict("inventory_cylinders_barcode_key", "barcode_taken", "another cylinder has this barcode"),
    Rule::unacceptable(
        "inventory_cylinders_tested_check",
        "tested_on",
        "tested_on",
        "a cylinder is not tested before it is made",
    ),
    Rule::unacceptable(
        "inventory_cylinders_gas_check",
        "gas",
        "filling_id",
        "in this status it is full of a batch, or of none",
    ),
    Rule::unacceptable(
        "inventory_cylinders_place_check",
        "place",
        "location_id",
        "in this status it lies at a location",
    ),
    Rule::unacceptable(
        "inventory_cylinder_events_changed_by_fkey",
        "unknown_user",
        "changed_by",
        "there is no such account",
    ),
    Rule::unacceptable(
        "inventory_cylinder_events_note_check",
        "note_missing",
        "note",
        "what is gone has a story",
    ),
    Rule::conflict(
        "inventory_cylinder_events_step_check",
        "not_a_way",
        "a cylinder does not go from its status to this one",
    ),
    Rule::conflict(
        "inventory_cylinder_assignments_active_idx",
        "already_assigned",
        "somebody has this cylinder already",
    ),
    Rule::unacceptable(
        "inventory_cylinder_assignments_customer_id_fkey",
        "unknown_customer",
        "customer_id",
        "there is no such account",
    ),
    Rule::unacceptable(
        "inventory_cylinder_assignments_due_check",
        "due_back_on",
        "due_back_on",
        "it cannot be due before it is given",
    ),
    Rule::conflict("inventory_stock_on_hand_check", "not_enough", "there are not so many on hand"),
    Rule::conflict("inventory_stock_reserved_cap_check", "promised", "the rest is promised to orders"),
    Rule::unacceptable(
        "inventory_stock_movements_quantity_check",
        "quantity",
        "quantity",
        "a movement moves something",
    ),
    Rule::unacceptable(
        "inventory_stock_movements_direction_check",
        "direction",
        "quantity",
        "what comes is positive, what goes is negative",
    ),
    Rule::unacceptable(
        "inventory_stock_movements_note_check",
        "note_missing",
        "note",
        "what was lost or found is explained",
    ),
    Rule::unacceptable(
        "inventory_stock_movements_moved_by_fkey",
        "unknown_user",
        "moved_by",
        "there is no such account",
    ),
    Rule::conflict(
        "inventory_stock_movements_reference_key",
        "reference_used",
        "another movement was reported with this reference",
    ),
];
