use super::*;

#[test]
fn facts_are_told() {
    let name = std::process::Command::new("hostname").output().unwrap();
    let name = String::from_utf8(name.stdout).unwrap();
    assert!(
        name.trim().eq_ignore_ascii_case(&hostname()),
        "{name} {}",
        hostname()
    );
    let release = kernel_release();
    let numbers = release.split('.').map(str::parse::<u32>);
    assert_eq!(numbers.filter(Result::is_ok).count(), 3, "{release}");
    assert_eq!(machine_id().unwrap().len(), 36);
    assert!(resident_memory().unwrap() > 100_000);
    let before = since_boot().unwrap();
    assert!(before > Duration::ZERO && since_boot().unwrap() >= before);
}

#[test]
fn we_are_somebody() {
    let user = current_user();
    assert!(user.id.starts_with("S-1-5-"), "{user:?}");
    // The name of the account stands behind its domain.
    let name = user.name.unwrap();
    let own = std::env::var("USERNAME").unwrap();
    assert!(name.ends_with(&format!("\\{own}")), "{name} {own}");
}

#[test]
fn default_places_are_absolute_and_those_of_our_rights() {
    let state = default_state_dir().unwrap();
    let above = match is_privileged() {
        true => "ProgramData",
        false => "LOCALAPPDATA",
    };
    let above = PathBuf::from(std::env::var_os(above).unwrap());
    assert_eq!(state, above.join("waxseal"));
    assert_eq!(default_config_file().unwrap(), state.join("waxseal.toml"));
}
