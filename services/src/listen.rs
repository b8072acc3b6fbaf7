//! Where a service listens, and where a probe on the same machine finds it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::ending::Trouble;

const PORT: u16 = 8080;

/// `FREEHOLD_LISTEN` if it is set. Otherwise the port is `PORT`, as platforms that run services set it, or 8080, on all interfaces: in a
/// container nobody outside would reach another one. On a developer's machine (`laptop`) it is loopback alone.
///
/// # Errors
/// When a variable holds something else.
pub(crate) fn address(lookup: impl Fn(&str) -> Option<String>, laptop: bool) -> Result<SocketAddr, Trouble> {
    if let Some(text) = lookup("FREEHOLD_LISTEN") {
        return text.trim().parse().map_err(|_| {
            Trouble::Setting(format!(
                "FREEHOLD_LISTEN is `{text}`, which is not an address with a port; write it as 0.0.0.0:8080"
            ))
        });
    }
    let port = match lookup("PORT") {
        None => PORT,
        Some(text) => text.trim().parse().map_err(|_| {
            Trouble::Setting(format!("PORT is `{text}`, which is not a port; write a number up to 65535"))
        })?,
    };
    let host = if laptop { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    Ok(SocketAddr::new(host.into(), port))
}

/// Where one reaches, from the same machine, what listens there.
pub(crate) fn from_here(listening: SocketAddr) -> SocketAddr {
    let host = match listening.ip() {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    SocketAddr::new(host, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listens(variables: &[(&str, &str)], laptop: bool) -> String {
        let lookup =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        address(lookup, laptop)
            .map_or_else(|trouble| format!("{trouble} ({})", trouble.exit_code()), |found| found.to_string())
    }

    #[test]
    fn the_address_is_what_was_asked_for_and_has_a_default() {
        assert_eq!(listens(&[], false), "0.0.0.0:8080");
        assert_eq!(listens(&[], true), "127.0.0.1:8080");
        assert_eq!(listens(&[("PORT", "9000")], false), "0.0.0.0:9000");
        assert_eq!(listens(&[("FREEHOLD_LISTEN", "[::1]:1"), ("PORT", "2")], false), "[::1]:1");
    }

    #[test]
    fn a_wrong_value_is_told_by_its_name() {
        for (name, value) in [
            ("FREEHOLD_LISTEN", "8080"),
            ("FREEHOLD_LISTEN", "localhost:1"),
            ("PORT", "65536"),
            ("PORT", "a"),
        ] {
            let told = listens(&[(name, value)], false);
            assert!(told.contains(&format!("{name} is `{value}`")) && told.ends_with("(78)"), "{told}");
        }
    }

    #[test]
    fn who_listens_everywhere_is_found_on_loopback() {
        let found = |text: &str| from_here(text.parse().unwrap()).to_string();
        assert_eq!(found("0.0.0.0:1"), "127.0.0.1:1");
        assert_eq!(found("[::]:1"), "[::1]:1");
        assert_eq!(found("10.0.0.7:1"), "10.0.0.7:1");
    }
}
