//! The codes of what can go wrong between the shell and the database. Those of manifests are in [`crate::manifest::code`];
//! those of refusals stand where the refusal is made (FH2xx changes and versions, FH3xx sharing).

macro_rules! codes {
    ($($name:ident = $code:literal, $sentence:literal;)*) => {
        $(#[doc = $sentence] pub const $name: &str = $code;)*

        /// Every code with its sentence, in order.
        pub const CODES: &[(&str, &str)] = &[$(($code, $sentence)),*];
    };
}

codes! {
    LEFT_ALONE = "FH201", "an object that the manifest does not name, and that is left in place";
    DEGRADED = "FH240", "something that SQLite holds otherwise than PostgreSQL, or not at all";
    SETTINGS = "FH400", "the settings cannot be used";
    SOURCE = "FH401", "a manifest cannot be found or read";
    STEP = "FH402", "a step stopped";
    APPROVAL = "FH403", "there are changes to make, and nobody said yes";
    UNREACHABLE = "FH404", "the database was not reachable in time";
    REJECTED = "FH405", "the server does not let us in";
    BUSY = "FH406", "another process holds the service's lock";
    TABLE_LOCK = "FH407", "a table lock could not be had in time";
    RIGHT = "FH408", "this role lacks a right";
    LOST = "FH410", "the connection broke";
    UNVERIFIED = "FH411", "all steps ran, and the database still differs";
    STATEMENT = "FH412", "a statement of Freehold's own failed";
    NO_RUN = "FH413", "the history has no such run";
    OUTPUT = "FH414", "the answer could not be written";
    INTERRUPTED = "FH415", "somebody ended it";
    IMPORT = "FH416", "there is nothing that could be imported like this";
    ADOPT = "FH417", "what is to be adopted differs from the manifest";
    UNKNOWN = "FH418", "a code that Freehold does not have";
    CHECK = "FH420", "a check of the manifest does not hold";
    PRESENT = "FH421", "a file that would be written is there already";
    BUG = "FH499", "a bug in Freehold";
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn every_code_is_there_once_and_in_order() {
        assert!(CODES.is_sorted_by(|one, next| one.0 < next.0));
    }
}
