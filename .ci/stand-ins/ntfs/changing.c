/* Changing: making links, and what goes with a name that is removed or replaced. */
#include "ntfs.h"

#define SET_REPARSE_POINT 0x000900a4
#define GET_REPARSE_POINT 0x000900a8
#define DELETE_REPARSE_POINT 0x000900ac
#define BUFFER_TOO_SMALL ((NTSTATUS)0xc0000023)
#define NOT_A_REPARSE_POINT ((NTSTATUS)0xc0000275)

NTSTATUS NTAPI set_information(HANDLE handle, IO_STATUS_BLOCK *done, PVOID info, ULONG length,
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

NTSTATUS NTAPI fs_control(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID context, IO_STATUS_BLOCK *done,
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

BOOLEAN WINAPI symbolic_link(const WCHAR *link, const WCHAR *target, DWORD flags)
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
