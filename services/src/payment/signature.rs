//! Whether a message is Paystack's: a keyed hash over its bytes. <https://paystack.com/docs/payments/webhooks/>

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

/// The variable that holds the secret key of our account.
const VARIABLE: &str = "PAYSTACK_SECRET_KEY";

/// The secret that Paystack signs with. It has no `Debug`, so that no log can show it.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha512>);

impl Key {
    /// `None` when it was not given: then no message can be believed.
    pub(super) fn given(lookup: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let secret = lookup(VARIABLE)?;
        Hmac::new_from_slice(secret.trim().as_bytes()).ok().map(Self)
    }

    /// Whether the signature, in hexadecimal digits, is of this body. Takes as long for a wrong one as for a right one.
    pub(super) fn signed(&self, body: &[u8], signature: &str) -> bool {
        let Some(signature) = bytes(signature) else { return false };
        let mut mac = self.0.clone();
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    }
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes();
    if !digits.len().is_multiple_of(2) || !hexadecimal.is_ascii() {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The second test case of RFC 4231: https://www.rfc-editor.org/rfc/rfc4231#section-4.3
    const SIGNED: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    #[test]
    fn only_the_body_that_was_signed_is_believed() {
        let key = Key::given(|name| (name == VARIABLE).then(|| "Jefe".to_owned())).unwrap();
        let body = b"what do ya want for nothing?";
        assert!(key.signed(body, SIGNED));
        assert!(key.signed(body, &SIGNED.to_uppercase()));
        assert!(!key.signed(b"what do ya want for nothing!", SIGNED));
        for wrong in ["", "16", "zz", "€€", &SIGNED[1..], &SIGNED[2..]] {
            assert!(!key.signed(body, wrong), "{wrong}");
        }
    }

    #[test]
    fn without_a_key_nothing_is_believed() {
        assert!(Key::given(|_| None).is_none());
    }
}
