//! Secrets in debug output.

use keystiled::domain::secret::Secret;
use keystiled::web::browser::FormTokens;

#[test]
fn lo_10_a_secret_in_a_debug_print_is_redacted() {
    assert_eq!(format!("{:?}", Secret::new("swordfish")), "[redacted]");
    assert_eq!(format!("{:?}", FormTokens::new([7; 32])), "[redacted]");
    assert!(!format!("{:?}", Secret::new("swordfish").digest()).contains("swordfish"));
}
