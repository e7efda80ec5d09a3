/* Asking: links and streams are shown in what Wine answers. */
#include "ntfs.h"

#define FILE_STREAM_INFO_CLASS 7 /* FileStreamInfo of GetFileInformationByHandleEx */
#define BUFFER_OVERFLOW ((NTSTATUS)0x80000005)

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

/* Asks by a path for what has the attributes at an index of ULONGs. */
static NTSTATUS ask(NTSTATUS (NTAPI *query)(const OBJECT_ATTRIBUTES *, PVOID), const OBJECT_ATTRIBUTES *object,
                    ULONG *info, int attributes)
{
    NATIVE *path = malloc(sizeof *path);
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES meant;
    NTSTATUS status;
    if (whole(object, path) && OK(status = resolve(path, FALSE)))
    {
        meant = named(&string, path);
        status = query(&meant, info);
        if (OK(status) && tag_at(path)) info[attributes] |= FILE_ATTRIBUTE_REPARSE_POINT;
    }
    else status = query(object, info);
    free(path);
    return status;
}

NTSTATUS NTAPI query_attributes(const OBJECT_ATTRIBUTES *object, PVOID info)
{
    return ask(NtQueryAttributesFile, object, info, 8);
}

NTSTATUS NTAPI query_full_attributes(const OBJECT_ATTRIBUTES *object, PVOID info)
{
    return ask(NtQueryFullAttributesFile, object, info, 12);
}

NTSTATUS NTAPI query_information(HANDLE handle, IO_STATUS_BLOCK *done, PVOID info, ULONG length,
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

NTSTATUS NTAPI query_directory(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context,
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

BOOL WINAPI information_by_handle(HANDLE handle, FILE_INFO_BY_HANDLE_CLASS class, PVOID buffer, DWORD length)
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
