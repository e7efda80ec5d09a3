/* Opening: what may be a stream or a link, or in a place that a link leads to. */
#include "ntfs.h"

#define FILE_OPEN_REPARSE_POINT 0x00200000
#define NAME_NOT_FOUND ((NTSTATUS)0xc0000034)
#define PATH_NOT_FOUND ((NTSTATUS)0xc000003a)

/* Of each thread: whether CreateFileW was told to open a link itself. */
DWORD means_link;

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

HANDLE WINAPI create_file_w(const WCHAR *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security, DWORD how,
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
NTSTATUS NTAPI create_file(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *object, IO_STATUS_BLOCK *done,
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

NTSTATUS NTAPI open_file(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *object, IO_STATUS_BLOCK *done,
                         ULONG share, ULONG options)
{
    return create_file(handle, access, object, done, NULL, 0, share, FILE_OPEN, options, NULL, 0);
}
