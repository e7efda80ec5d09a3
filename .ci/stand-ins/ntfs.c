/* What NTFS has and Wine 8 does not: streams, reparse points, and names with unpaired surrogates.
 *
 * Lent to the programs of a test where WAXSEAL_WINE_NTFS is set: every program in Rust loads
 * bcryptprimitives.dll, which this is part of, and here the system calls that its own code and
 * Wine's kernelbase.dll make are led through the functions below. They do what Microsoft documents
 * ([MS-FSCC] 2.1.2, 2.4.28 and 2.4.44; NtCreateFile; FSCTL_SET_REPARSE_POINT), as far as tests need
 * it. It is not NTFS: it shows that the parts of a program fit together, not that the documentation
 * is right.
 *
 * What an object has beside its content is kept in C:\waxseal-ntfs\NUMBER, NUMBER being that of the
 * file: the file `reparse` holds the reparse data, `s.NAME` the stream NAME. A unit of an unpaired
 * surrogate, D800 to DFFF, is kept as E000 to E7FF, which no test uses.
 */
#include <stdio.h>
#include <windows.h>
#include <winternl.h>

#define STORE L"\\??\\C:\\waxseal-ntfs"
#define LONGEST 32768 /* units of a path */
#define LINKS 63 /* that one path may lead through */

#define FILE_OPEN_REPARSE_POINT 0x00200000
#define SET_REPARSE_POINT 0x000900a4
#define GET_REPARSE_POINT 0x000900a8
#define DELETE_REPARSE_POINT 0x000900ac
#define FILE_STREAM_INFO_CLASS 7 /* FileStreamInfo of GetFileInformationByHandleEx */

enum /* of FILE_INFORMATION_CLASS, by their documented numbers */
{
    BOTH_DIRECTORY = 3, BASIC = 4, STANDARD = 5, INTERNAL = 6, RENAME = 10, DISPOSITION = 13, ALL = 18,
    NETWORK_OPEN = 34, ATTRIBUTE_TAG = 35, ID_BOTH_DIRECTORY = 37, DISPOSITION_EX = 64,
};

#define OK(status) ((status) >= 0)
#define NAME_NOT_FOUND ((NTSTATUS)0xc0000034)
#define NAME_INVALID ((NTSTATUS)0xc0000033)
#define PATH_NOT_FOUND ((NTSTATUS)0xc000003a)
#define BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define BUFFER_TOO_SMALL ((NTSTATUS)0xc0000023)
#define NOT_A_REPARSE_POINT ((NTSTATUS)0xc0000275)
#define TAG_NOT_HANDLED ((NTSTATUS)0xc0000279)
#define NOT_RESOLVED ((NTSTATUS)0xc0000280)

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, PVOID, ULONG,
                                    FILE_INFORMATION_CLASS, BOOLEAN, UNICODE_STRING *, BOOLEAN);
NTSTATUS NTAPI NtFsControlFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, ULONG, PVOID, ULONG,
                               PVOID, ULONG);
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, PVOID, ULONG, LARGE_INTEGER *,
                          ULONG *);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK *, const void *, ULONG,
                           LARGE_INTEGER *, ULONG *);
NTSTATUS NTAPI NtQueryAttributesFile(const OBJECT_ATTRIBUTES *, FILE_BASIC_INFO *);
NTSTATUS NTAPI NtQueryFullAttributesFile(const OBJECT_ATTRIBUTES *, PVOID);

typedef struct { ULONG tag; USHORT size, reserved; BYTE data[16384 - 8]; } REPARSE;

/* A path as the kernel takes it, `\??\C:\x`. */
typedef struct { USHORT units; WCHAR text[LONGEST]; } NATIVE;

/* ---- Paths ---- */

static void append(NATIVE *path, const WCHAR *text, int units)
{
    if (path->units + units >= LONGEST) units = LONGEST - 1 - path->units;
    memcpy(path->text + path->units, text, units * sizeof(WCHAR));
    path->units += units;
    path->text[path->units] = 0;
}

static void start(NATIVE *path, const WCHAR *text)
{
    path->units = 0;
    append(path, text, lstrlenW(text));
}

static BOOL is_high(WCHAR unit) { return unit >= 0xd800 && unit < 0xdc00; }
static BOOL is_low(WCHAR unit) { return unit >= 0xdc00 && unit < 0xe000; }

/* Puts what Linux can keep for each unit of an unpaired surrogate. */
static void hide_surrogates(WCHAR *text, int units)
{
    for (int i = 0; i < units; i++)
    {
        if (is_high(text[i]) && i + 1 < units && is_low(text[i + 1])) i++;
        else if (is_high(text[i]) || is_low(text[i])) text[i] += 0x800;
    }
}

static void show_surrogates(WCHAR *text, int units)
{
    for (int i = 0; i < units; i++)
        if (text[i] >= 0xe000 && text[i] < 0xe800) text[i] -= 0x800;
}

/* Cuts the path to the directory above; FALSE at the top of a drive. */
static BOOL cut(NATIVE *path)
{
    int units = path->units;
    while (units > 6 && path->text[units - 1] != '\\') units--;
    if (units <= 6) return FALSE;
    path->units = units - 1;
    path->text[path->units] = 0;
    return TRUE;
}

static OBJECT_ATTRIBUTES named(UNICODE_STRING *string, const NATIVE *path)
{
    OBJECT_ATTRIBUTES object = {sizeof object};
    string->Length = string->MaximumLength = path->units * sizeof(WCHAR);
    string->Buffer = (WCHAR *)path->text;
    object.ObjectName = string;
    object.Attributes = OBJ_CASE_INSENSITIVE;
    return object;
}

static NTSTATUS open_plainly(HANDLE *handle, const NATIVE *path, ACCESS_MASK access, ULONG how, ULONG options)
{
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES object = named(&string, path);
    IO_STATUS_BLOCK done;
    return NtCreateFile(handle, access | SYNCHRONIZE, &object, &done, NULL, 0, 7, how,
                        options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

/* ---- What is kept of an object ---- */

static ULONGLONG number_of(HANDLE handle)
{
    IO_STATUS_BLOCK done;
    ULONGLONG number = 0;
    NtQueryInformationFile(handle, &done, &number, sizeof number, INTERNAL);
    return number;
}

static void kept(NATIVE *path, ULONGLONG number, const WCHAR *prefix, const WCHAR *name, int units)
{
    WCHAR digits[20];
    wsprintfW(digits, L"\\%08x%08x", (ULONG)(number >> 32), (ULONG)number);
    start(path, STORE);
    append(path, digits, lstrlenW(digits));
    append(path, prefix, lstrlenW(prefix));
    append(path, name, units);
}

static void make_room(ULONGLONG number)
{
    NATIVE *path = malloc(sizeof *path);
    HANDLE handle;
    start(path, STORE);
    if (OK(open_plainly(&handle, path, FILE_LIST_DIRECTORY, FILE_OPEN_IF, FILE_DIRECTORY_FILE))) CloseHandle(handle);
    kept(path, number, L"", L"", 0);
    if (OK(open_plainly(&handle, path, FILE_LIST_DIRECTORY, FILE_OPEN_IF, FILE_DIRECTORY_FILE))) CloseHandle(handle);
    free(path);
}

static BOOL read_reparse(ULONGLONG number, REPARSE *reparse)
{
    NATIVE *path = malloc(sizeof *path);
    IO_STATUS_BLOCK done = {0};
    HANDLE handle;
    NTSTATUS status;
    kept(path, number, L"\\reparse", L"", 0);
    status = open_plainly(&handle, path, FILE_READ_DATA, FILE_OPEN, FILE_NON_DIRECTORY_FILE);
    free(path);
    if (!OK(status)) return FALSE;
    status = NtReadFile(handle, NULL, NULL, NULL, &done, reparse, sizeof *reparse, NULL, NULL);
    CloseHandle(handle);
    return OK(status) && done.Information >= 8;
}

/* Returns 0 for what is no reparse point. */
static ULONG tag_of(ULONGLONG number)
{
    REPARSE *reparse = malloc(sizeof *reparse);
    ULONG tag = read_reparse(number, reparse) ? reparse->tag : 0;
    free(reparse);
    return tag;
}

/* Calls a function with the name of each thing that is kept of an object. */
static void each_kept(ULONGLONG number, void (*call)(ULONGLONG, const WCHAR *, int, ULONGLONG, void *), void *with)
{
    ULONGLONG buffer[512];
    NATIVE *path = malloc(sizeof *path);
    IO_STATUS_BLOCK done;
    HANDLE handle;
    kept(path, number, L"", L"", 0);
    if (OK(open_plainly(&handle, path, FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE)))
    {
        while (OK(NtQueryDirectoryFile(handle, NULL, NULL, NULL, &done, buffer, sizeof buffer, BOTH_DIRECTORY, TRUE,
                                       NULL, FALSE)))
        {
            BYTE *entry = (BYTE *)buffer;
            int units = *(ULONG *)(entry + 60) / sizeof(WCHAR);
            WCHAR *name = (WCHAR *)(entry + 94);
            if (name[0] != '.') call(number, name, units, *(ULONGLONG *)(entry + 40), with);
        }
        CloseHandle(handle);
    }
    free(path);
}

static void remove_one(ULONGLONG number, const WCHAR *name, int units, ULONGLONG size, void *with)
{
    NATIVE *path = malloc(sizeof *path);
    HANDLE handle;
    kept(path, number, L"\\", name, units);
    if (OK(open_plainly(&handle, path, DELETE, FILE_OPEN, FILE_NON_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE)))
        CloseHandle(handle);
    free(path);
}

/* Forgets an object that goes with its last name: another one may get its number. */
static void forget(HANDLE handle)
{
    FILE_STANDARD_INFO standard = {0};
    IO_STATUS_BLOCK done;
    ULONGLONG number = number_of(handle);
    if (OK(NtQueryInformationFile(handle, &done, &standard, sizeof standard, STANDARD)) && standard.NumberOfLinks < 2)
        each_kept(number, remove_one, NULL);
}

/* What is beside the content changes the times of the object, which is opened once more for that. */
static void touch(HANDLE object)
{
    FILE_BASIC_INFO basic = {.FileAttributes = 0};
    UNICODE_STRING itself = {0};
    OBJECT_ATTRIBUTES again = {.Length = sizeof again, .RootDirectory = object, .ObjectName = &itself};
    IO_STATUS_BLOCK done;
    HANDLE handle;
    GetSystemTimeAsFileTime((FILETIME *)&basic.LastWriteTime);
    if (!OK(NtCreateFile(&handle, FILE_WRITE_ATTRIBUTES, &again, &done, NULL, 0, 7, FILE_OPEN, 0, NULL, 0))) return;
    NtSetInformationFile(handle, &done, &basic, sizeof basic, BASIC);
    CloseHandle(handle);
}

/* Returns the path of an open object; Wine takes a dot off the end of its name. */
static BOOL path_of(HANDLE handle, NATIVE *path)
{
    UNICODE_STRING *name = malloc(sizeof *name + sizeof path->text);
    BOOL is_known = OK(NtQueryObject(handle, 1 /* ObjectNameInformation */, name, sizeof *name + sizeof path->text, NULL));
    path->units = 0;
    if (is_known) append(path, name->Buffer, name->Length / sizeof(WCHAR));
    free(name);
    return is_known;
}

/* ---- Links ---- */

/* Replaces the first `units` of the path by what they lead to. */
static NTSTATUS follow(NATIVE *path, int units, const REPARSE *reparse)
{
    NATIVE *led;
    const BYTE *text;
    USHORT from, size;
    BOOL is_relative = FALSE;
    switch (reparse->tag)
    {
    case IO_REPARSE_TAG_MOUNT_POINT:
        text = reparse->data + 8;
        break;
    case IO_REPARSE_TAG_SYMLINK:
        text = reparse->data + 12;
        is_relative = reparse->data[8] & 1;
        break;
    default:
        return TAG_NOT_HANDLED;
    }
    from = *(USHORT *)reparse->data;
    size = *(USHORT *)(reparse->data + 2);
    led = malloc(sizeof *led);
    led->units = 0;
    if (is_relative)
    {
        append(led, path->text, units);
        cut(led);
        append(led, L"\\", 1);
    }
    append(led, (const WCHAR *)(text + from), size / sizeof(WCHAR));
    if (units < path->units && led->text[led->units - 1] == '\\') led->units--;
    append(led, path->text + units, path->units - units);
    *path = *led;
    free(led);
    return 0;
}

/* Takes the `..` out that a relative link has brought. */
static void straighten(NATIVE *path)
{
    for (int i = 6; i + 2 < path->units; i++)
    {
        int above = i;
        if (memcmp(path->text + i, L"\\..", 3 * sizeof(WCHAR))) continue;
        if (i + 3 < path->units && path->text[i + 3] != '\\') continue;
        while (above > 6 && path->text[above - 1] != '\\') above--;
        above = above > 6 ? above - 1 : 6;
        memmove(path->text + above, path->text + i + 3, (path->units - i - 3 + 1) * sizeof(WCHAR));
        path->units -= i + 3 - above;
        i = 5;
    }
}

/* Follows the links in a path, that of its last name only if asked to. */
static NTSTATUS resolve(NATIVE *path, BOOL the_last_too)
{
    REPARSE *reparse = malloc(sizeof *reparse);
    NATIVE *part = malloc(sizeof *part);
    NTSTATUS status = 0;
    int links = 0;
    for (int end = 7; OK(status) && end <= path->units; end++)
    {
        HANDLE handle;
        BOOL is_last = end == path->units, found;
        if (!is_last && path->text[end] != '\\') continue;
        if (is_last && !the_last_too) break;
        part->units = 0;
        append(part, path->text, end);
        if (!OK(open_plainly(&handle, part, FILE_READ_ATTRIBUTES, FILE_OPEN, 0))) break;
        found = read_reparse(number_of(handle), reparse);
        CloseHandle(handle);
        if (!found || (is_last && reparse->tag == IO_REPARSE_TAG_DEDUP)) continue;
        status = links++ < LINKS ? follow(path, end, reparse) : NOT_RESOLVED;
        straighten(path);
        end = 6;
    }
    free(part);
    free(reparse);
    return status;
}

/* Returns the whole path that is meant by a name and the directory it is in. */
static BOOL whole(const OBJECT_ATTRIBUTES *object, NATIVE *path)
{
    int units = object->ObjectName->Length / sizeof(WCHAR);
    path->units = 0;
    if (object->RootDirectory)
    {
        if (!path_of(object->RootDirectory, path)) return FALSE;
        if (units && path->text[path->units - 1] != '\\') append(path, L"\\", 1);
    }
    append(path, object->ObjectName->Buffer, units);
    hide_surrogates(path->text, path->units);
    return path->units > 6 && !memcmp(path->text, L"\\??\\", 4 * sizeof(WCHAR)) && path->text[5] == ':';
}

/* ---- Opening ---- */

/* Of each thread: whether CreateFileW was told to open a link itself. */
static DWORD means_link;

/* Cuts the name of a stream off a path and returns it, to be freed; NULL if there is none. */
static WCHAR *split(NATIVE *path)
{
    WCHAR *last = path->text + path->units, *stream;
    while (last > path->text && last[-1] != '\\') last--;
    stream = last - path->text == 4 ? NULL : wcschr(last, ':'); /* that of a drive is none */
    if (!stream) return NULL;
    *stream++ = 0;
    if (lstrlenW(stream) >= 6 && !lstrcmpiW(stream + lstrlenW(stream) - 6, L":$DATA")) stream[lstrlenW(stream) - 6] = 0;
    path->units = stream - 1 - path->text;
    return _wcsdup(stream);
}

static NTSTATUS open_stream(HANDLE *handle, ACCESS_MASK access, HANDLE object, const WCHAR *name, IO_STATUS_BLOCK *done,
                            ULONG share, ULONG how, ULONG options)
{
    NATIVE *path = malloc(sizeof *path);
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES stream;
    NTSTATUS status;
    if (how != FILE_OPEN && how != FILE_OVERWRITE) make_room(number_of(object));
    kept(path, number_of(object), L"\\s.", name, lstrlenW(name));
    stream = named(&string, path);
    options = (options & ~FILE_DIRECTORY_FILE) | FILE_NON_DIRECTORY_FILE;
    status = NtCreateFile(handle, access, &stream, done, NULL, 0, share, how, options, NULL, 0);
    if (status == PATH_NOT_FOUND) status = NAME_NOT_FOUND;
    if (OK(status) && access & (FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE | GENERIC_WRITE)) touch(object);
    free(path);
    return status;
}

/* Whether a link is meant itself. Wine's CreateFileW keeps the flag for it to itself, and so do its functions that
 * delete and rename, which mean the link always. */
static BOOL itself(ACCESS_MASK access, ULONG options)
{
    return options & FILE_OPEN_REPARSE_POINT || access & DELETE || TlsGetValue(means_link);
}

static HANDLE WINAPI create_file_w(const WCHAR *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security, DWORD how,
                                   DWORD flags, HANDLE template)
{
    HANDLE handle;
    DWORD error;
    TlsSetValue(means_link, flags & FILE_FLAG_OPEN_REPARSE_POINT ? &means_link : NULL);
    handle = CreateFileW(name, access, share, security, how, flags, template);
    error = GetLastError();
    TlsSetValue(means_link, NULL);
    SetLastError(error);
    return handle;
}

/* Opens what may be a link, or in a place that a link leads to. */
static NTSTATUS NTAPI create_file(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *object, IO_STATUS_BLOCK *done,
                                  LARGE_INTEGER *size, ULONG attributes, ULONG share, ULONG how, ULONG options,
                                  PVOID extended, ULONG length)
{
    int units = object->ObjectName ? object->ObjectName->Length / sizeof(WCHAR) : 0;
    NATIVE *path = malloc(sizeof *path);
    OBJECT_ATTRIBUTES meant = *object;
    IO_STATUS_BLOCK unused;
    UNICODE_STRING string;
    NTSTATUS status = 0;
    WCHAR *stream;
    HANDLE base;

    path->units = 0;
    if (units) append(path, object->ObjectName->Buffer, units);
    hide_surrogates(path->text, path->units);
    if (!units || (!object->RootDirectory && (units < 7 || path->text[5] != ':')))
    {
        free(path);
        return NtCreateFile(handle, access, object, done, size, attributes, share, how, options, extended, length);
    }
    stream = split(path);
    if (object->RootDirectory && wcschr(path->text, '\\') == NULL)
    {
        /* In an open directory: only the object itself can be a link. The path of the directory is not known for sure. */
        string.Length = string.MaximumLength = path->units * sizeof(WCHAR);
        string.Buffer = path->text;
        meant.ObjectName = &string;
        if (!path->units) /* of an open object, a stream */
        {
            status = open_stream(handle, access, object->RootDirectory, stream, done, share, how, options);
            free(stream);
            free(path);
            return status;
        }
        if (!itself(access, options)
            && OK(NtCreateFile(&base, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &meant, &unused, NULL, 0, 7, FILE_OPEN,
                               FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0)))
        {
            ULONG tag = tag_of(number_of(base));
            CloseHandle(base);
            if (tag && tag != IO_REPARSE_TAG_DEDUP && whole(object, path))
            {
                free(stream);
                stream = split(path);
                meant.RootDirectory = NULL;
                status = resolve(path, TRUE);
            }
        }
    }
    else if (whole(object, path))
    {
        free(stream);
        stream = split(path);
        meant.RootDirectory = NULL;
        status = resolve(path, !itself(access, options));
    }
    meant.ObjectName = &string;
    string.Length = string.MaximumLength = path->units * sizeof(WCHAR);
    string.Buffer = path->text;
    if (OK(status) && stream && *stream)
    {
        /* The object is made if the stream is to be. */
        ULONG first = how == FILE_OPEN || how == FILE_OVERWRITE ? FILE_OPEN : FILE_OPEN_IF;
        status = NtCreateFile(&base, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &meant, &unused, NULL, 0, 7, first,
                              FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
        if (OK(status))
        {
            status = open_stream(handle, access, base, stream, done, share, how, options);
            CloseHandle(base);
        }
    }
    else if (OK(status))
    {
        /* What goes with its handle is forgotten now: nobody else holds it in a test. */
        if (options & FILE_DELETE_ON_CLOSE
            && OK(NtCreateFile(&base, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &meant, &unused, NULL, 0, 7, FILE_OPEN,
                               FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0)))
        {
            forget(base);
            CloseHandle(base);
        }
        status = NtCreateFile(handle, access, &meant, done, size, attributes, share, how, options, extended, length);
    }
    free(stream);
    free(path);
    return status;
}

static NTSTATUS NTAPI open_file(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *object, IO_STATUS_BLOCK *done,
                                ULONG share, ULONG options)
{
    return create_file(handle, access, object, done, NULL, 0, share, FILE_OPEN, options, NULL, 0);
}

/* ---- Asking ---- */

/* Returns the tag of what a path names itself. */
static ULONG tag_at(const NATIVE *path)
{
    HANDLE handle;
    ULONG tag = 0;
    if (OK(open_plainly(&handle, path, FILE_READ_ATTRIBUTES, FILE_OPEN, 0)))
    {
        tag = tag_of(number_of(handle));
        CloseHandle(handle);
    }
    return tag;
}

static NTSTATUS NTAPI query_attributes(const OBJECT_ATTRIBUTES *object, FILE_BASIC_INFO *info)
{
    NATIVE *path = malloc(sizeof *path);
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES meant;
    NTSTATUS status;
    if (whole(object, path) && OK(status = resolve(path, FALSE)))
    {
        meant = named(&string, path);
        status = NtQueryAttributesFile(&meant, info);
        if (OK(status) && tag_at(path)) info->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    }
    else status = NtQueryAttributesFile(object, info);
    free(path);
    return status;
}

static NTSTATUS NTAPI query_full_attributes(const OBJECT_ATTRIBUTES *object, PVOID info)
{
    NATIVE *path = malloc(sizeof *path);
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES meant;
    NTSTATUS status;
    if (whole(object, path) && OK(status = resolve(path, FALSE)))
    {
        meant = named(&string, path);
        status = NtQueryFullAttributesFile(&meant, info);
        if (OK(status) && tag_at(path)) ((ULONG *)info)[12] |= FILE_ATTRIBUTE_REPARSE_POINT;
    }
    else status = NtQueryFullAttributesFile(object, info);
    free(path);
    return status;
}

static NTSTATUS NTAPI query_information(HANDLE handle, IO_STATUS_BLOCK *done, PVOID info, ULONG length,
                                        int class)
{
    NTSTATUS status = NtQueryInformationFile(handle, done, info, length, class);
    ULONG tag, *attributes = info;
    switch (class)
    {
    case BASIC:
    case ALL:
        attributes += 8;
        break;
    case NETWORK_OPEN:
        attributes += 12;
        break;
    case ATTRIBUTE_TAG:
        break;
    default:
        return status;
    }
    /* What is asked for all has no room for the name, often. */
    if (!OK(status) && (class != ALL || status != BUFFER_OVERFLOW)) return status;
    if (!(tag = tag_of(number_of(handle)))) return status;
    attributes[0] |= FILE_ATTRIBUTE_REPARSE_POINT;
    if (class == ATTRIBUTE_TAG) attributes[1] = tag;
    return status;
}

static NTSTATUS NTAPI query_directory(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context,
                                      IO_STATUS_BLOCK *done, PVOID buffer, ULONG length, int class,
                                      BOOLEAN single, UNICODE_STRING *mask, BOOLEAN restart)
{
    NTSTATUS status =
        NtQueryDirectoryFile(handle, event, apc, context, done, buffer, length, class, single, mask, restart);
    BYTE *entry = buffer;
    BOOL has_number = class == ID_BOTH_DIRECTORY;
    if (!OK(status) || (!has_number && class != BOTH_DIRECTORY)) return status;
    for (;;)
    {
        WCHAR *name = (WCHAR *)(entry + (has_number ? 104 : 94));
        int units = *(ULONG *)(entry + 60) / sizeof(WCHAR);
        ULONG tag = has_number ? tag_of(*(ULONGLONG *)(entry + 96)) : 0;
        show_surrogates(name, units);
        if (tag)
        {
            *(ULONG *)(entry + 56) |= FILE_ATTRIBUTE_REPARSE_POINT;
            *(ULONG *)(entry + 64) = tag; /* EaSize */
        }
        if (!*(ULONG *)entry) return status;
        entry += *(ULONG *)entry;
    }
}

typedef struct { BYTE *next, *last, *end; BOOL is_full; } LIST;

static void list_stream(LIST *list, const WCHAR *name, int units, ULONGLONG size)
{
    static const WCHAR type[] = L":$DATA";
    ULONG bytes = (1 + units + 6) * sizeof(WCHAR);
    FILE_STREAM_INFO *info = (FILE_STREAM_INFO *)list->next;
    if (list->next + offsetof(FILE_STREAM_INFO, StreamName) + bytes > list->end)
    {
        list->is_full = TRUE;
        return;
    }
    if (list->last) *(ULONG *)list->last = list->next - list->last;
    info->NextEntryOffset = 0;
    info->StreamNameLength = bytes;
    info->StreamSize.QuadPart = info->StreamAllocationSize.QuadPart = size;
    info->StreamName[0] = ':';
    memcpy(info->StreamName + 1, name, units * sizeof(WCHAR));
    memcpy(info->StreamName + 1 + units, type, 6 * sizeof(WCHAR));
    list->last = list->next;
    list->next += (offsetof(FILE_STREAM_INFO, StreamName) + bytes + 7) & ~7;
}

static void list_kept(ULONGLONG number, const WCHAR *name, int units, ULONGLONG size, void *with)
{
    if (units > 2 && name[0] == 's' && name[1] == '.') list_stream(with, name + 2, units - 2, size);
}

static BOOL WINAPI information_by_handle(HANDLE handle, FILE_INFO_BY_HANDLE_CLASS class, PVOID buffer, DWORD length)
{
    LIST list = {buffer, NULL, (BYTE *)buffer + length, FALSE};
    FILE_STANDARD_INFO standard;
    IO_STATUS_BLOCK done;
    if (class != FILE_STREAM_INFO_CLASS) return GetFileInformationByHandleEx(handle, class, buffer, length);
    if (!OK(NtQueryInformationFile(handle, &done, &standard, sizeof standard, STANDARD)))
    {
        SetLastError(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    if (!standard.Directory) list_stream(&list, L":", 0, standard.EndOfFile.QuadPart);
    each_kept(number_of(handle), list_kept, &list);
    if (list.is_full) SetLastError(ERROR_MORE_DATA);
    else if (!list.last) SetLastError(ERROR_HANDLE_EOF);
    return !list.is_full && list.last;
}

/* ---- Changing ---- */

static NTSTATUS NTAPI set_information(HANDLE handle, IO_STATUS_BLOCK *done, PVOID info, ULONG length,
                                      int class)
{
    HANDLE base;
    if ((class == DISPOSITION || class == DISPOSITION_EX) && *(BYTE *)info & 1) forget(handle);
    if (class == RENAME)
    {
        /* FILE_RENAME_INFORMATION: whether it replaces, a directory, the length of a name, and it. */
        OBJECT_ATTRIBUTES object = {sizeof object};
        UNICODE_STRING string;
        NATIVE *path = malloc(sizeof *path);
        string.Length = string.MaximumLength = *(ULONG *)((BYTE *)info + 16);
        string.Buffer = (WCHAR *)((BYTE *)info + 20);
        object.RootDirectory = *(HANDLE *)((BYTE *)info + 8);
        object.ObjectName = &string;
        if (*(BYTE *)info && whole(&object, path) && OK(open_plainly(&base, path, FILE_READ_ATTRIBUTES, FILE_OPEN, 0)))
        {
            if (number_of(base) != number_of(handle)) forget(base);
            CloseHandle(base);
        }
        free(path);
        hide_surrogates(string.Buffer, string.Length / sizeof(WCHAR));
    }
    return NtSetInformationFile(handle, done, info, length, class);
}

static NTSTATUS set_reparse(HANDLE handle, const void *data, ULONG length)
{
    NATIVE *path = malloc(sizeof *path);
    IO_STATUS_BLOCK done;
    HANDLE file;
    NTSTATUS status;
    make_room(number_of(handle));
    kept(path, number_of(handle), L"\\reparse", L"", 0);
    status = open_plainly(&file, path, FILE_WRITE_DATA, FILE_OVERWRITE_IF, FILE_NON_DIRECTORY_FILE);
    if (OK(status))
    {
        status = NtWriteFile(file, NULL, NULL, NULL, &done, data, length, NULL, NULL);
        CloseHandle(file);
    }
    touch(handle);
    free(path);
    return status;
}

static NTSTATUS NTAPI fs_control(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context, IO_STATUS_BLOCK *done,
                                 ULONG code, PVOID in, ULONG in_length, PVOID out, ULONG out_length)
{
    REPARSE *reparse;
    NTSTATUS status = 0;
    switch (code)
    {
    case SET_REPARSE_POINT:
        status = set_reparse(handle, in, in_length);
        done->Information = 0;
        break;
    case GET_REPARSE_POINT:
        reparse = malloc(sizeof *reparse);
        if (!read_reparse(number_of(handle), reparse)) status = NOT_A_REPARSE_POINT;
        else if (out_length < 8u + reparse->size) status = BUFFER_TOO_SMALL;
        else memcpy(out, reparse, done->Information = 8 + reparse->size);
        free(reparse);
        break;
    case DELETE_REPARSE_POINT:
        remove_one(number_of(handle), L"reparse", 7, 0, NULL);
        break;
    default:
        return NtFsControlFile(handle, event, apc, context, done, code, in, in_length, out, out_length);
    }
    done->Status = status;
    return status;
}

static BOOLEAN WINAPI symbolic_link(const WCHAR *link, const WCHAR *target, DWORD flags)
{
    BOOL is_absolute = target[0] && target[1] == ':';
    USHORT printed = lstrlenW(target) * sizeof(WCHAR), prefix = is_absolute ? 4 * sizeof(WCHAR) : 0;
    USHORT *fields;
    REPARSE *reparse;
    HANDLE handle;
    NTSTATUS status;
    if (flags & SYMBOLIC_LINK_FLAG_DIRECTORY && !CreateDirectoryW(link, NULL)) return FALSE;
    handle = CreateFileW(link, GENERIC_WRITE, 0, NULL,
                         flags & SYMBOLIC_LINK_FLAG_DIRECTORY ? OPEN_EXISTING : CREATE_NEW,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE) return FALSE;
    reparse = calloc(1, sizeof *reparse);
    fields = (USHORT *)reparse->data;
    reparse->tag = IO_REPARSE_TAG_SYMLINK;
    fields[0] = printed; /* the name for the kernel is behind the one for people */
    fields[1] = printed + prefix;
    fields[2] = 0;
    fields[3] = printed;
    fields[4] = !is_absolute;
    memcpy(reparse->data + 12, target, printed);
    memcpy(reparse->data + 12 + printed, L"\\??\\", prefix);
    memcpy(reparse->data + 12 + printed + prefix, target, printed);
    reparse->size = 12 + 2 * printed + prefix;
    status = set_reparse(handle, reparse, 8 + reparse->size);
    CloseHandle(handle);
    free(reparse);
    return OK(status);
}

/* ---- Leading the calls here ---- */

static const struct { const char *name; void *to; } ways[] = {
    {"CreateFileW", create_file_w},
    {"NtCreateFile", create_file},
    {"NtOpenFile", open_file},
    {"NtQueryAttributesFile", query_attributes},
    {"NtQueryFullAttributesFile", query_full_attributes},
    {"NtQueryInformationFile", query_information},
    {"NtQueryDirectoryFile", query_directory},
    {"NtSetInformationFile", set_information},
    {"NtFsControlFile", fs_control},
    {"GetFileInformationByHandleEx", information_by_handle},
    {"CreateSymbolicLinkW", symbolic_link},
};

/* Replaces what a module has imported; of Wine's own modules, which call each other, only system calls. */
static void lead(HMODULE module, BOOL is_program)
{
    BYTE *base = (BYTE *)module;
    IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_IMPORT_DESCRIPTOR *import =
        (void *)(base + headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress);
    for (; import->Name; import++)
    {
        IMAGE_THUNK_DATA *name = (void *)(base + import->OriginalFirstThunk);
        void **slot = (void **)(base + import->FirstThunk);
        for (; name->u1.AddressOfData; name++, slot++)
        {
            if (IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal)) continue;
            for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
            {
                DWORD before;
                if (!is_program && strncmp(ways[i].name, "Nt", 2)) continue;
                if (strcmp(((IMAGE_IMPORT_BY_NAME *)(base + name->u1.AddressOfData))->Name, ways[i].name)) continue;
                VirtualProtect(slot, sizeof *slot, PAGE_READWRITE, &before);
                *slot = ways[i].to;
                VirtualProtect(slot, sizeof *slot, before, &before);
            }
        }
    }
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH && GetEnvironmentVariableW(L"WAXSEAL_WINE_NTFS", NULL, 0))
    {
        means_link = TlsAlloc();
        lead(GetModuleHandleW(NULL), TRUE);
        lead(GetModuleHandleW(L"kernelbase.dll"), FALSE);
        lead(GetModuleHandleW(L"kernel32.dll"), FALSE);
    }
    return TRUE;
}
