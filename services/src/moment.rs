//! Now, as a row may hold it.

use std::time::SystemTime;

use sea_orm::prelude::DateTimeUtc;

/// Now, and not before a moment that the row has already: the clocks of the database and of this process differ a little, and rows want
/// their moments in order.
pub(crate) fn now_after(moments: impl IntoIterator<Item = Option<DateTimeUtc>>) -> DateTimeUtc {
    let now = DateTimeUtc::from(SystemTime::now());
    moments.into_iter().flatten().fold(now, DateTimeUtc::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn moments_of_one_row_stand_in_order() {
        let ahead = DateTimeUtc::from(SystemTime::now() + Duration::from_secs(60));
        assert_eq!(now_after([None, Some(ahead)]), ahead);
        assert!(now_after([Some(DateTimeUtc::UNIX_EPOCH)]) > DateTimeUtc::UNIX_EPOCH);
    }
}
