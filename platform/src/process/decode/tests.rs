use proptest::prelude::*;

use super::*;

/// As Linux 6.18 writes it, for a process that named itself `a) R (b`.
const STAT: &[u8] = b"4242 (a) R (b) S 17 4242 17 34816 4242 4194304 103 0 1 0 0 0 0 0 20 0 1 0 \
    123456789 3133440 384 18446744073709551615 94 95 14 0 0 0 0 0 2 0 0 0 17 1 0 0 0 0 0 96 97 98 \
    14 15 16 16 0\n";

/// The beginning of the same process's `status`, whose real name was `a\nUid:\t0`.
const STATUS: &[u8] = b"Name:\ta\\nUid:\t0\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\n\
    Ngid:\t0\nPid:\t4242\nPPid:\t17\nTracerPid:\t0\nUid:\t1000\t0\t0\t0\nGid:\t1001\t2\t2\t2\n\
    FDSize:\t64\nGroups:\t4 24\n";

#[test]
fn stat_is_read_behind_the_last_bracket() {
    let expected = Stat {
        pid: 4242,
        name: b"a) R (b",
        parent: 17,
        is_kernel_thread: false,
        start_ticks: 123_456_789,
    };
    assert_eq!(stat(STAT), Some(expected));
}

#[test]
fn a_kernel_thread_is_told_by_its_flag() {
    let line = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n";
    let read = stat(line).unwrap();
    assert!(read.is_kernel_thread);
    assert_eq!((read.parent, read.start_ticks), (0, 5));
}

#[test]
fn a_stat_that_was_cut_is_none() {
    let start = STAT.windows(9).position(|part| part == b"123456789");
    for len in 0..start.unwrap() {
        assert_eq!(stat(&STAT[..len]), None, "{len}");
    }
}

#[test]
fn a_name_cannot_add_a_line_to_status() {
    let expected = Status {
        parent: 17,
        uid: 1000,
        euid: 0,
        gid: 1001,
        egid: 2,
    };
    assert_eq!(status(STATUS), Some(expected));
    assert_eq!(status(b"Name:\tx\nPPid:\t1\nUid:\t0\t0\t0\t0\n"), None);
    assert_eq!(status(b"Name:\tx\nPPid:\t1\nUid:\t0\nGid:\t0\t0\n"), None);
}

#[test]
fn a_command_line_is_split_at_its_zeros() {
    let none: [&[u8]; 0] = [];
    assert_eq!(cmdline(b""), none);
    assert_eq!(cmdline(b"sh\0-c\0\0"), [&b"sh"[..], b"-c", b""]);
    assert_eq!(
        cmdline(b"nginx: worker process"),
        [&b"nginx: worker process"[..]]
    );
    assert_eq!(cmdline(b"\0"), none);
}

#[test]
fn the_control_group_that_tells_most_is_taken() {
    let unified = b"12:pids:/x\n0::/system.slice/ssh.service\n";
    assert_eq!(cgroup(unified), Some(&b"/system.slice/ssh.service"[..]));
    let hybrid = b"3:cpu:/cpu\n1:name=systemd:/user.slice/a:b\n0::/\n";
    assert_eq!(cgroup(hybrid), Some(&b"/user.slice/a:b"[..]));
    let first = b"4:memory:/\n3:cpu:/docker/12ab\n1:name=systemd:/\n";
    assert_eq!(cgroup(first), Some(&b"/docker/12ab"[..]));
    assert_eq!(cgroup(b"2:cpu:/\n0::/\n"), Some(&b"/"[..]));
    assert_eq!(cgroup(b""), None);
    assert_eq!(cgroup(b"nonsense\n0:\n"), None);
}

#[test]
fn an_unset_login_is_none() {
    assert_eq!(login(b"4294967295"), None);
    assert_eq!(login(b"1000\n"), Some(1000));
    assert_eq!(login(b"0"), Some(0));
    assert_eq!(login(b""), None);
    assert_eq!(login(b"-1"), None);
    assert_eq!(login(b"+1"), None);
}

#[test]
fn a_pidfd_of_a_process_that_is_gone_has_no_number() {
    let fdinfo = |pid| format!("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nPid:\t{pid}\nNSpid:\t7\n");
    assert_eq!(pidfd(fdinfo("4242").as_bytes()), Some(4242));
    assert_eq!(pidfd(fdinfo("-1").as_bytes()), None);
    assert_eq!(pidfd(fdinfo("0").as_bytes()), None);
    assert_eq!(pidfd(b"pos:\t0\n"), None);
}

/// Bytes that are likely to get past the first check of a parser.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        "[0-9() :/=\t\n-]{0,40}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "Name:\t", "Uid:\t", "Gid:\t", "PPid:\t", "Pid:\t", "\n", "0::/"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in plausible()) {
        stat(&bytes);
        status(&bytes);
        cgroup(&bytes);
        login(&bytes);
        pidfd(&bytes);
        cmdline(&bytes);
    }

    #[test]
    fn a_stat_with_any_name_and_any_cut_does_not_panic(
        name in any::<Vec<u8>>(),
        len in 0..400usize,
    ) {
        let mut bytes = STAT[..6].to_vec();
        bytes.extend(&name);
        bytes.extend(&STAT[STAT.len() - 60..]);
        bytes.truncate(len);
        stat(&bytes);
    }

    #[test]
    fn a_stat_keeps_name_parent_and_start(
        name in any::<Vec<u8>>(),
        pid in 1..=4_194_304u32,
        parent in any::<u32>(),
        start in any::<u64>(),
    ) {
        let mut bytes = format!("{pid} (").into_bytes();
        bytes.extend(&name);
        let tail = format!(") S {parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0\n");
        bytes.extend(tail.as_bytes());
        let read = stat(&bytes).unwrap();
        prop_assert_eq!((read.pid, read.name, read.parent), (pid, &name[..], parent));
        prop_assert_eq!(read.start_ticks, start);
    }

    #[test]
    fn arguments_survive(args in prop::collection::vec(prop::collection::vec(1..=255u8, 0..9), 1..9)) {
        let mut bytes = Vec::new();
        for arg in &args {
            bytes.extend(arg);
            bytes.push(0);
        }
        let expected: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        // One empty argument cannot be told from none.
        prop_assume!(args != [Vec::<u8>::new()]);
        prop_assert_eq!(cmdline(&bytes), expected);
    }
}
