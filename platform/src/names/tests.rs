use super::*;

#[test]
fn root_has_a_name_and_is_cached() {
    let names = Names::new();
    assert_eq!(names.user(0).as_deref(), Some("root"));
    let again = names.user(0).unwrap();
    assert!(Arc::ptr_eq(&again, &names.user(0).unwrap()));
    assert!(names.group(0).is_some());
}

#[test]
fn an_unknown_number_is_remembered_as_such() {
    let names = Names::new();
    assert_eq!(names.user(4_000_000_007), None);
    assert_eq!(names.users.read().unwrap().get(&4_000_000_007), Some(&None));
    assert_eq!(names.group(4_000_000_007), None);
}

#[test]
fn the_cache_serves_threads() {
    let names = Names::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(names.user(0).as_deref(), Some("root")));
        }
    });
}
