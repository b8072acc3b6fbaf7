//! What a client is told who breaks a rule of this slice.

use crate::refusal::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule::unacceptable("payments_order_id_fkey", "unknown_order", "order_id", "there is no such order"),
    Rule::unacceptable("payments_payer_id_fkey", "unknown_payer", "payer_id", "there is no such account"),
    Rule::unacceptable("payments_amount_check", "nothing_to_pay", "order_id", "this order costs nothing"),
    Rule::unacceptable(
        "payments_cash_check",
        "too_much_cash",
        "method",
        "a driver carries 200,000 naira at most",
    ),
    Rule::conflict(
        "payments_client_reference_key",
        "client_reference_used",
        "another payment was begun with this client_reference",
    ),
    Rule::conflict("payments_open_idx", "already_begun", "a payment for this order is open already"),
    Rule::conflict("payments_paid_idx", "already_paid", "this order is paid already"),
    Rule::conflict("payments_provider_id_key", "transaction_used", "this transaction paid another order"),
    Rule::conflict("payments_refunded_cap_check", "more_than_paid", "nobody gets back more than was paid"),
    Rule::conflict("payments_refunded_check", "not_paid", "what was not paid cannot go back"),
    Rule::conflict(
        "payment_refunds_open_idx",
        "refund_open",
        "another refund of this payment waits for its verdict",
    ),
    Rule::unacceptable("payment_refunds_amount_check", "amount", "amount", "a refund gives something back"),
    Rule::unacceptable(
        "payment_refunds_note_check",
        "note_missing",
        "note",
        "what was promised or wrong is written down",
    ),
    Rule::unacceptable(
        "payment_refunds_requested_by_fkey",
        "unknown_user",
        "requested_by",
        "there is no such account",
    ),
];
