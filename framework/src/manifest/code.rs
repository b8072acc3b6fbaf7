//! The codes of the problems that a manifest can have, each with the sentence that `freehold explain` starts with.

macro_rules! codes {
    ($($name:ident = $code:literal, $sentence:literal;)*) => {
        $(#[doc = $sentence] pub const $name: &str = $code;)*

        /// Every code with its sentence, in order.
        pub const CODES: &[(&str, &str)] = &[$(($code, $sentence)),*];
    };
}

codes! {
    SYNTAX = "FH100", "the file is not TOML";
    UNKNOWN_KEY = "FH101", "a key that the manifest language does not have";
    LATER = "FH102", "something that the language has and this release does not support yet";
    TWICE = "FH103", "the same key twice";
    WRONG_TYPE = "FH104", "a value of the wrong type";
    MISSING = "FH105", "a required key is missing";
    NAME = "FH106", "a text that PostgreSQL would not keep as a name";
    TAKEN = "FH107", "a name that another object has";
    PREFIX = "FH108", "a name that does not start with the service's prefix";
    SERVICE = "FH110", "a service name that is not lower-case letters, digits and hyphens";
    VERSION = "FH111", "a text that is not a version, or not a requirement on one";
    REQUIRES = "FH112", "a requirement that cannot hold";
    INCLUDE = "FH113", "an `include` that finds nothing, or that cannot be put together";
    FILE = "FH114", "a file beside the manifest that cannot be read";
    LOCKED = "FH115", "a manifest that changed while its version did not";
    UNLOCKED = "FH116", "a lock file that does not know this version yet";
    PARENT = "FH120", "a foreign key to an unknown table";
    PARENT_COLUMN = "FH121", "a foreign key to an unknown column";
    PARENT_COUNT = "FH122", "a foreign key with more or fewer columns than it refers to";
    PARENT_TYPE = "FH123", "a foreign key between types that PostgreSQL cannot compare";
    PARENT_KEY = "FH124", "a foreign key to columns that are not unique together";
    INDEX_COLUMN = "FH130", "an index on an unknown column";
    KEY_COLUMN = "FH131", "a constraint on an unknown column";
    SECOND_PRIMARY_KEY = "FH132", "a second primary key";
    REPEATED_COLUMN = "FH133", "a column that occurs twice in one list";
    SUPERFLUOUS = "FH134", "a key that says what another key of its table says";
    FORMER = "FH135", "a former name that something declared bears";
    TYPE = "FH140", "an unknown type";
    EXTENSION_TYPE = "FH141", "a type of an extension that is not declared";
    ENUM_VALUE = "FH142", "an enum value that PostgreSQL would refuse";
    OPEN = "FH150", "a quote or bracket that is not closed";
    CLAUSE = "FH151", "SQL that does not stand where it can";
    CONTRADICTION = "FH152", "clauses that contradict each other";
    NO_PRIMARY_KEY = "FH160", "a table without a primary key";
    UNINDEXED = "FH161", "a foreign key that no index serves";
    FROZEN = "FH162", "a default that is computed once, when the table is made";
    COMPARABLE = "FH163", "a foreign key between types that differ and that PostgreSQL can compare";
    TWO_OWNERS = "FH170", "one object declared by two services";
    NOT_PROVIDED = "FH171", "something required of a service that it does not declare";
    PROVIDED_TYPE = "FH172", "a required column that its owner declares with another type";
    DROP = "FH180", "a drop of something that is declared";
    SEED_TABLE = "FH190", "a seed of a table that is not this service's";
    SEED_COLUMN = "FH191", "a seed with a column that cannot be seeded";
    SEED_KEY = "FH192", "a seed whose rows cannot be told apart by its key";
    SEED_TWICE = "FH193", "a seed with two rows of the same key";
    SEED_VALUE = "FH194", "a value that its column cannot hold";
    SEED_LOOKUP = "FH195", "a lookup that leads nowhere";
    SEED_ROWS = "FH196", "a seed whose rows cannot be read";
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn every_code_is_there_once_and_in_order() {
        assert!(CODES.is_sorted_by(|one, next| one.0 < next.0));
    }
}
