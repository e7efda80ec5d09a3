use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const TABLE: &str = "\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
22 21 0:20 / /proc rw,nosuid - proc proc rw\n\
31 21 0:40 /sub\\040dir /mnt/a\\040b\\011c\\012d\\134e rw - tmpfs none rw,size=1k\n";

fn points(mounts: &[Mount]) -> Vec<&str> {
    let points = mounts.iter().map(|mount| &mount.point[..]);
    points.map(|point| str::from_utf8(point).unwrap()).collect()
}

#[test]
fn a_table_is_read_with_its_escapes() {
    let mounts: Vec<_> = parse(TABLE.as_bytes()).unwrap().into_iter().collect();
    assert_eq!(points(&mounts), ["/", "/mnt/a b\tc\nd\\e", "/proc"]);
    assert_eq!(mounts[1].root, b"/sub dir");
    assert_eq!(mounts[1].device, b"0:40");
    assert_eq!(mounts[1].id, 31);
}

#[test]
fn what_is_no_escape_stays() {
    for plain in ["", "\\", "\\0", "\\04", "\\08x", "\\+12", "\\777", "x\\"] {
        assert_eq!(unescaped(plain.as_bytes()), plain.as_bytes(), "{plain}");
    }
    assert_eq!(unescaped(b"\\1341\\134"), b"\\1\\");
    assert_eq!(unescaped(b"\\377\\000"), b"\xff\0");
}

#[test]
fn a_damaged_table_is_refused() {
    for damaged in ["x", "1 2 3", "a 1 254:0 / / rw", "1 2 0:1 / relative rw"] {
        assert_eq!(parse(damaged.as_bytes()), None, "{damaged}");
    }
    assert_eq!(parse(b""), Some(BTreeSet::new()));
}

#[test]
fn differences_are_by_what_is_mounted_where() {
    let before = parse(TABLE.as_bytes()).unwrap();
    assert_eq!(difference(&before, &before), Difference::default());
    // Other options are no other file system, another number is.
    let after = TABLE.replace("rw,nosuid", "ro").replace("31 21", "32 21");
    let after = parse(format!("{after}40 21 0:50 / /new rw - tmpfs x rw\n").as_bytes()).unwrap();
    let difference = difference(&before, &after);
    assert_eq!(points(&difference.mounted), ["/mnt/a b\tc\nd\\e", "/new"]);
    assert_eq!(points(&difference.unmounted), ["/mnt/a b\tc\nd\\e"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        prop_assert!(unescaped(&bytes).len() <= bytes.len());
    }

    #[test]
    fn escaped_points_come_back(point in vec(1..=255_u8, 0..40)) {
        let escape = |&byte: &u8| match byte {
            b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}").into_bytes(),
            _ => vec![byte],
        };
        let escaped: Vec<u8> = point.iter().flat_map(escape).collect();
        prop_assert_eq!(unescaped(&escaped), point);
    }
}
