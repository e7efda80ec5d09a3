//! Places where no store can be kept are refused with a reason.

use std::fs;
use std::path::Path;

use super::{Place, put};
use crate::baseline::{Baseline, BaselineError, Reader};
use crate::state::escape;

pub(super) fn refusal(state_dir: &Path) -> BaselineError {
    Baseline::open(state_dir).map(drop).unwrap_err()
}

#[test]
fn only_the_last_component_is_created() {
    let place = Place::new();
    let deep = place.state_dir.join("not-mounted/state");
    let error = refusal(&deep);
    assert!(matches!(error, BaselineError::Permission { .. }), "{error}");
    assert!(error.to_string().contains("does not exist"), "{error}");
    assert!(!place.state_dir.exists());
    place.open().close().unwrap();
}

#[test]
fn a_file_in_place_of_the_directory_is_refused() {
    let place = Place::new();
    fs::write(&place.state_dir, "").unwrap();
    let error = refusal(&place.state_dir);
    assert!(error.to_string().contains("not a directory"), "{error}");
}

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let place = Place::new();
    let store = place.open();
    let error = refusal(&place.state_dir);
    let own = std::process::id();
    assert!(
        matches!(error, BaselineError::Locked { pid: Some(pid), .. } if pid == own),
        "{error}"
    );
    assert!(
        error.to_string().contains(&format!("process {own}")),
        "{error}"
    );
    // Readers are welcome.
    assert!(!place.reader().has_baseline().unwrap());
    store.close().unwrap();
    place.open().close().unwrap();
}

#[test]
fn reading_where_nothing_is_names_the_command() {
    let place = Place::new();
    for _ in 0..2 {
        let error = Reader::open(&place.state_dir).map(drop).unwrap_err();
        assert!(matches!(error, BaselineError::Missing { .. }), "{error}");
        assert!(error.to_string().contains("waxseal scan"), "{error}");
        assert!(!place.db().exists());
        let _ = waxseal_platform::private::create_dir_private(&place.state_dir);
    }
}

#[test]
fn relative_and_odd_directories_work() {
    let place = Place::new();
    let odd = place.state_dir.with_file_name("100% of 'it' #1");
    let mut store = Baseline::open(&odd).unwrap();
    put(&mut store, &[("/a/b", 1)]);
    store.close().unwrap();
    assert_eq!(Reader::open(&odd).unwrap().counts().unwrap().trusted, 1);
    fs::write(odd.join("baseline.db"), "").unwrap();
    let message = refusal(&odd).to_string();
    let words = format!("move {} aside, ", escape::for_shell(&odd));
    assert!(message.contains(&words), "{message}");
}
