//! What a start does, decided by one total match over what it saw. Pure.

use semver::Version;

/// What this build carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The slice's version.
    pub version: Version,
    /// The manifest's fingerprint.
    pub fingerprint: String,
    /// Whether somebody decided to go back to it.
    pub back: bool,
}

/// What the ledger and the catalog say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The version in place.
    pub version: Version,
    /// The fingerprint of the manifest in place.
    pub fingerprint: String,
    /// The stamp of the slice when it was last found right; `None` while work is left.
    pub stamp: Option<String>,
    /// The stamp of what is there now.
    pub live: String,
    /// The highest version above it that has begun here and changed something, and has not come to its end.
    pub begun: Option<Version>,
}

impl Seen {
    /// The version that went furthest.
    #[must_use]
    pub fn furthest(&self) -> &Version {
        self.begun.as_ref().unwrap_or(&self.version)
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Everything is as it was left: serve.
    Ready,
    /// The same manifest, but the catalog moved: compare in full.
    Compare,
    /// Bring up or bring forward.
    Apply,
    /// Another build went further: serve if all that this one needs is there, and change nothing.
    Follow,
    /// The same version was applied with other content.
    VersionReused,
}

/// Decides. `lenient` is the development profile, where a version may be worked on.
#[must_use]
pub fn decide(build: &Build, seen: Option<&Seen>, lenient: bool) -> Decision {
    let Some(seen) = seen else { return Decision::Apply };
    let same_content = seen.fingerprint == build.fingerprint;
    let unmoved = seen.stamp.as_ref() == Some(&seen.live);
    // What it has done stands already: to an older build it is as if it were in place.
    if seen.begun.as_ref().is_some_and(|begun| build.version.cmp_precedence(begun).is_lt()) {
        return if build.back { Decision::Apply } else { Decision::Follow };
    }
    match (build.version.cmp_precedence(&seen.version), same_content, unmoved) {
        (std::cmp::Ordering::Equal, true, true) => Decision::Ready,
        (std::cmp::Ordering::Equal, true, false) => Decision::Compare,
        (std::cmp::Ordering::Equal, false, _) if lenient => Decision::Apply,
        (std::cmp::Ordering::Equal, false, _) => Decision::VersionReused,
        (std::cmp::Ordering::Greater, _, _) => Decision::Apply,
        (std::cmp::Ordering::Less, _, _) if build.back => Decision::Apply,
        (std::cmp::Ordering::Less, _, _) => Decision::Follow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(version: &str, fingerprint: &str) -> Build {
        Build { version: version.parse().unwrap(), fingerprint: fingerprint.to_owned(), back: false }
    }

    fn seen(version: &str, fingerprint: &str, stamp: Option<&str>) -> Seen {
        let Build { version, fingerprint, .. } = build(version, fingerprint);
        Seen { version, fingerprint, stamp: stamp.map(str::to_owned), live: "now".to_owned(), begun: None }
    }

    #[test]
    fn every_row_of_the_table() {
        let mine = build("2.0.0", "f");
        let decide_with = |seen: &Seen, lenient| decide(&mine, Some(seen), lenient);
        assert_eq!(decide(&mine, None, false), Decision::Apply);
        assert_eq!(decide_with(&seen("2.0.0", "f", Some("now")), false), Decision::Ready);
        assert_eq!(decide_with(&seen("2.0.0", "f", Some("before")), false), Decision::Compare);
        assert_eq!(decide_with(&seen("2.0.0", "f", None), false), Decision::Compare);
        assert_eq!(decide_with(&seen("2.0.0", "other", Some("now")), false), Decision::VersionReused);
        assert_eq!(decide_with(&seen("2.0.0", "other", Some("now")), true), Decision::Apply);
        assert_eq!(decide_with(&seen("1.9.9", "other", Some("now")), false), Decision::Apply);
        assert_eq!(decide_with(&seen("2.0.1", "f", Some("now")), false), Decision::Follow);
        assert_eq!(decide_with(&seen("10.0.0", "f", None), true), Decision::Follow);
        let back = Build { back: true, ..mine };
        assert_eq!(decide(&back, Some(&seen("2.0.1", "f", Some("now"))), false), Decision::Apply);
        assert_eq!(decide(&back, Some(&seen("2.0.0", "f", Some("now"))), false), Decision::Ready);
    }

    #[test]
    fn a_version_that_began_and_did_not_end_counts_for_the_builds_below_it() {
        let begun =
            |in_place, begun: &str| Seen { begun: begun.parse().ok(), ..seen(in_place, "f", Some("now")) };
        let decided =
            |version, back, seen| decide(&Build { back, ..build(version, "f") }, Some(&seen), false);
        assert_eq!(decided("1.0.0", false, begun("1.0.0", "1.1.0")), Decision::Follow);
        assert_eq!(decided("1.0.0", true, begun("1.0.0", "1.1.0")), Decision::Apply, "somebody goes back");
        assert_eq!(decided("1.1.0", false, begun("1.0.0", "1.1.0")), Decision::Apply, "it goes on");
        assert_eq!(decided("1.2.0", false, begun("1.0.0", "1.1.0")), Decision::Apply, "it goes further");
        assert_eq!(begun("1.0.0", "1.1.0").furthest().to_string(), "1.1.0");
    }
}
