//! What must hold of the table of mounts in any bytes, see `fuzz/`.

use super::*;

/// Reads a table of mounts and checks what is relied on, whatever the bytes are.
pub fn mount_table(bytes: &[u8]) {
    let Some(table) = parse(bytes) else {
        return;
    };
    for mount in &table {
        assert!(mount.point.starts_with(b"/"));
        assert!(mount.point.len() + mount.root.len() <= bytes.len());
    }
    assert_eq!(difference(&table, &table), Difference::default());
    let written: Vec<u8> = table.iter().flat_map(line).collect();
    assert_eq!(parse(&written), Some(table), "another table came back");
}

/// Writes a line as the kernel does.
fn line(mount: &Mount) -> Vec<u8> {
    let Mount {
        point,
        id,
        device,
        root,
    } = mount;
    let (id, root, point) = (id.to_string(), escaped(root), escaped(point));
    let rest = b"rw - ext4 /dev/vda rw\n";
    [id.as_bytes(), b"1", device, &root, &point, rest].join(&b' ')
}

fn escaped(field: &[u8]) -> Vec<u8> {
    let escape = |&byte: &u8| match byte {
        b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}").into_bytes(),
        _ => vec![byte],
    };
    field.iter().flat_map(escape).collect()
}
