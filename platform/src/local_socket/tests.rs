//! Two ends in one process.

use std::fs;
use std::thread;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn what_one_end_says_the_other_hears_however_long_the_path_is() {
    let top = tempfile::tempdir().unwrap();
    let long = top.path().join("d".repeat(200));
    fs::create_dir(&long).unwrap();
    for dir in [top.path(), long.as_path()] {
        let nobody = connect(dir, "s", PATIENCE).err().unwrap();
        assert_eq!(nobody.kind(), io::ErrorKind::NotFound);
        // The second takes the place of the first, which is dead.
        for _ in 0..2 {
            let listener = Listener::bind(dir, "s").unwrap();
            let asker = thread::spawn({
                let dir = dir.to_owned();
                move || {
                    let mut answer = String::new();
                    let mut stream = connect(&dir, "s", PATIENCE).unwrap();
                    stream.read_to_string(&mut answer).unwrap();
                    answer
                }
            });
            listener
                .accept(PATIENCE)
                .unwrap()
                .write_all(b"hello")
                .unwrap();
            assert_eq!(asker.join().unwrap(), "hello");
        }
        let refused = connect(dir, "s", PATIENCE).err().unwrap();
        // A pipe of Windows goes with who listens.
        let expected = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
        assert!(expected.contains(&refused.kind()), "{refused}");
    }
}

#[test]
fn nobody_waits_for_ever() {
    let top = tempfile::tempdir().unwrap();
    let _listener = Listener::bind(top.path(), "s").unwrap();
    let mut stream = connect(top.path(), "s", Duration::from_millis(20)).unwrap();
    let error = stream.read(&mut [0; 1]).unwrap_err();
    let kinds = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
    assert!(kinds.contains(&error.kind()), "{error}");
}
