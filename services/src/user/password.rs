//! Passwords: argon2id, as the column wants it. <https://www.rfc-editor.org/rfc/rfc9106>
//!
//! Hashing takes some twenty milliseconds and nineteen megabytes on purpose, so it runs beside the threads that answer.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use axum::http::StatusCode;

use crate::refusal::Refusal;

/// In characters; what a password is made of is up to its owner.
const LENGTH_MIN: usize = 12;
/// Longer ones only keep the processor busy.
const LENGTH_MAX: usize = 128;

/// The hash of a password, in PHC form.
pub(super) async fn hash(password: String) -> Result<String, Refusal> {
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&password.chars().count()) {
        return Err(Refusal::field("password", "password_length", "a password has 12 to 128 characters"));
    }
    let failed =
        || Refusal::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request could not be done");
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    hashed.await.map_err(|_| failed())?.map_err(|error| {
        tracing::error!(event = "request.failed", "a password could not be hashed: {error}");
        failed()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::PasswordVerifier as _;
    use argon2::password_hash::phc::PasswordHash;

    #[tokio::test]
    async fn a_hash_is_salted_and_knows_its_password() {
        let one = hash("correct horse battery".to_owned()).await.unwrap();
        let other = hash("correct horse battery".to_owned()).await.unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
        let parsed = PasswordHash::new(&one).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse battery", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"wrong horse battery..", &parsed).is_err());
    }

    #[tokio::test]
    async fn short_and_endless_ones_are_refused() {
        for length in [11, 129] {
            assert!(hash("ö".repeat(length)).await.is_err_and(|refusal| refusal.is("password_length")));
        }
    }
}
