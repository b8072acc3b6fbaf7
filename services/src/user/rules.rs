//! What a client is told who breaks a rule of this slice.

use crate::refusal::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule::conflict("users_email_key", "email_taken", "an account has this e-mail address already"),
    Rule::conflict("users_phone_key", "phone_taken", "an account has this phone number already"),
    Rule::unacceptable("users_email_check", "email_malformed", "email", "this is not an e-mail address"),
    Rule::unacceptable(
        "users_phone_check",
        "phone_malformed",
        "phone",
        "a phone number is written as +2348012345678",
    ),
    Rule::unacceptable("user_profiles_given_name_check", "name_empty", "given_name", "a name has letters"),
    Rule::unacceptable("user_profiles_family_name_check", "name_empty", "family_name", "a name has letters"),
];
