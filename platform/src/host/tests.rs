use super::*;

#[test]
fn facts_match_the_system() {
    let kernel = std::process::Command::new("uname")
        .arg("-nr")
        .output()
        .unwrap();
    let expected = format!("{} {}\n", hostname(), kernel_release());
    assert_eq!(String::from_utf8(kernel.stdout).unwrap(), expected);
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    let id = String::from_utf8(id.stdout).unwrap();
    assert_eq!(current_user().id, id.trim());
    assert_eq!(is_privileged(), id.trim() == "0");
}

#[test]
fn default_places_are_absolute() {
    for place in [default_state_dir(), default_config_file()]
        .into_iter()
        .flatten()
    {
        assert!(place.is_absolute(), "{place:?}");
    }
}

#[test]
fn the_time_since_boot_is_that_of_the_kernel() {
    let before = since_boot().unwrap();
    let Ok(uptime) = std::fs::read_to_string("/proc/uptime") else {
        return eprintln!("skipped: needs /proc/uptime");
    };
    let after = since_boot().unwrap();
    let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    // The kernel cuts it to hundredths.
    let hundredth = Duration::from_millis(10);
    let uptime = Duration::from_secs_f64(uptime);
    let possible = before.saturating_sub(hundredth)..=after + hundredth;
    assert!(possible.contains(&uptime), "{uptime:?} {possible:?}");
}

#[test]
fn the_open_file_limit_rises_to_the_hard_limit() {
    let raised = raise_open_file_limit().unwrap();
    assert_eq!(raise_open_file_limit().unwrap(), raised);
    assert!(raised >= 256);
}

#[test]
fn an_unset_login_user_is_none() {
    assert_eq!(os::login_uid("4294967295"), None);
    assert_eq!(os::login_uid("1000\n"), Some(1000));
    assert_eq!(os::login_uid(""), None);
}
