//! What SHOW CREATE prints is what was created.

use levada_sql::parse_one;

use crate::accepted::CREATES;

#[test]
fn printed_statements_parse_back_as_equal_ones() {
    for text in CREATES {
        let statement = parse_one(text).unwrap_or_else(|error| panic!("{text}\n{error:?}")).statement;
        let printed = statement.to_sql().unwrap_or_else(|| panic!("{text}: CREATE prints"));
        let again = parse_one(&printed).unwrap_or_else(|error| panic!("{text}\n{printed}\n{error:?}")).statement;
        assert_eq!(statement, again, "{printed}");
        assert_eq!(Some(&printed), again.to_sql().as_ref());
    }
}
