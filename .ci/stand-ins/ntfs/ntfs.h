/* What NTFS has and Wine 8 does not: streams, reparse points, and names with unpaired surrogates.
 *
 * Lent to the programs of a test where WAXSEAL_WINE_NTFS is set: every program in Rust loads
 * bcryptprimitives.dll, which this is part of, and here the system calls that its own code and
 * Wine's kernelbase.dll make are led through the functions here. They do what Microsoft documents
 * ([MS-FSCC] 2.1.2, 2.4.28 and 2.4.44; NtCreateFile; FSCTL_SET_REPARSE_POINT), as far as tests need
 * it. It is not NTFS: it shows that the parts of a program fit together, not that the documentation
 * is right.
 *
 * What an object has beside its content is kept in C:\waxseal-ntfs\RUN\NUMBER, RUN being the number
 * that WAXSEAL_WINE_NTFS is set to, and NUMBER that of the file: the file `reparse` holds the reparse
 * data, `s.NAME` the stream NAME. A unit of an unpaired surrogate, D800 to DFFF, is kept as E000 to
 * E7FF, which no test uses.
 */
#pragma once
#include <stdlib.h>
#include <windows.h>
#include <winternl.h>

#define LONGEST 32768 /* units of a path */

enum /* of FILE_INFORMATION_CLASS, by their documented numbers */
{
    BOTH_DIRECTORY = 3, BASIC = 4, STANDARD = 5, INTERNAL = 6, RENAME = 10, DISPOSITION = 13, ALL = 18,
    NETWORK_OPEN = 34, ATTRIBUTE_TAG = 35, ID_BOTH_DIRECTORY = 37, DISPOSITION_EX = 64,
};

#define OK(status) ((status) >= 0)

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, PVOID, ULONG,
                                    FILE_INFORMATION_CLASS, BOOLEAN, UNICODE_STRING *, BOOLEAN);
NTSTATUS NTAPI NtFsControlFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, ULONG, PVOID, ULONG,
                               PVOID, ULONG);
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, PVOID, ULONG, LARGE_INTEGER *,
                          ULONG *);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, const void *, ULONG,
                           LARGE_INTEGER *, ULONG *);
NTSTATUS NTAPI NtQueryAttributesFile(const OBJECT_ATTRIBUTES *, PVOID);
NTSTATUS NTAPI NtQueryFullAttributesFile(const OBJECT_ATTRIBUTES *, PVOID);

typedef struct { ULONG tag; USHORT size, reserved; BYTE data[16384 - 8]; } REPARSE;

/* A path as the kernel takes it, `\??\C:\x`. */
typedef struct { USHORT units; WCHAR text[LONGEST]; } NATIVE;

/* paths.c */
void append(NATIVE *path, const WCHAR *text, int units);
void start(NATIVE *path, const WCHAR *text);
BOOL cut(NATIVE *path);
BOOL whole(const OBJECT_ATTRIBUTES *object, NATIVE *path);
void hide_surrogates(WCHAR *text, int units);
void show_surrogates(WCHAR *text, int units);
OBJECT_ATTRIBUTES named(UNICODE_STRING *string, const NATIVE *path);
NTSTATUS open_plainly(HANDLE *handle, const NATIVE *path, ACCESS_MASK access, ULONG how, ULONG options);

/* store.c */
BOOL name_store(void);
ULONGLONG number_of(HANDLE handle);
void kept(NATIVE *path, ULONGLONG number, const WCHAR *prefix, const WCHAR *name, int units);
void make_room(ULONGLONG number);
BOOL read_reparse(ULONGLONG number, REPARSE *reparse);
ULONG tag_of(ULONGLONG number);
void each_kept(ULONGLONG number, void (*call)(ULONGLONG, const WCHAR *, int, ULONGLONG, void *), void *with);
void remove_one(ULONGLONG number, const WCHAR *name, int units, ULONGLONG size, void *with);
void forget(HANDLE handle);
void touch(HANDLE object);

/* links.c */
NTSTATUS resolve(NATIVE *path, BOOL the_last_too);

/* opening.c */
extern DWORD means_link;
HANDLE WINAPI create_file_w(const WCHAR *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security, DWORD how,
                            DWORD flags, HANDLE template);
NTSTATUS NTAPI create_file(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *object, IO_STATUS_BLOCK *done,
                           LARGE_INTEGER *size, ULONG attributes, ULONG share, ULONG how, ULONG options,
                           PVOID extended, ULONG length);
NTSTATUS NTAPI open_file(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *object, IO_STATUS_BLOCK *done,
                         ULONG share, ULONG options);

/* asking.c */
NTSTATUS NTAPI query_attributes(const OBJECT_ATTRIBUTES *object, PVOID info);
NTSTATUS NTAPI query_full_attributes(const OBJECT_ATTRIBUTES *object, PVOID info);
NTSTATUS NTAPI query_information(HANDLE handle, IO_STATUS_BLOCK *done, PVOID info, ULONG length, int class);
NTSTATUS NTAPI query_directory(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context, IO_STATUS_BLOCK *done,
                               PVOID buffer, ULONG length, int class, BOOLEAN single, UNICODE_STRING *mask,
                               BOOLEAN restart);
BOOL WINAPI information_by_handle(HANDLE handle, FILE_INFO_BY_HANDLE_CLASS class, PVOID buffer, DWORD length);

/* changing.c */
NTSTATUS NTAPI set_information(HANDLE handle, IO_STATUS_BLOCK *done, PVOID info, ULONG length, int class);
NTSTATUS NTAPI fs_control(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context, IO_STATUS_BLOCK *done,
                          ULONG code, PVOID in, ULONG in_length, PVOID out, ULONG out_length);
BOOLEAN WINAPI symbolic_link(const WCHAR *link, const WCHAR *target, DWORD flags);
