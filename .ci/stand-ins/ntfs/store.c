/* What is kept of an object: see ntfs.h. */
#include "ntfs.h"

#define STORES L"\\??\\C:\\waxseal-ntfs"

/* The directory of ours. */
static WCHAR store[64];

BOOL name_store(void)
{
    WCHAR name[16];
    DWORD units = GetEnvironmentVariableW(L"WAXSEAL_WINE_NTFS", name, sizeof name / sizeof *name);
    if (!units || units >= sizeof name / sizeof *name) return FALSE;
    wsprintfW(store, L"%s\\%s", STORES, name);
    return TRUE;
}

ULONGLONG number_of(HANDLE handle)
{
    IO_STATUS_BLOCK done;
    ULONGLONG number = 0;
    NtQueryInformationFile(handle, &done, &number, sizeof number, INTERNAL);
    return number;
}

void kept(NATIVE *path, ULONGLONG number, const WCHAR *prefix, const WCHAR *name, int units)
{
    WCHAR digits[20];
    wsprintfW(digits, L"\\%08x%08x", (ULONG)(number >> 32), (ULONG)number);
    start(path, store);
    append(path, digits, lstrlenW(digits));
    append(path, prefix, lstrlenW(prefix));
    append(path, name, units);
}

static void make_directory(const NATIVE *path)
{
    HANDLE handle;
    if (OK(open_plainly(&handle, path, FILE_LIST_DIRECTORY, FILE_OPEN_IF, FILE_DIRECTORY_FILE))) CloseHandle(handle);
}

void make_room(ULONGLONG number)
{
    NATIVE *path = malloc(sizeof *path);
    start(path, STORES);
    make_directory(path);
    start(path, store);
    make_directory(path);
    kept(path, number, L"", L"", 0);
    make_directory(path);
    free(path);
}

BOOL read_reparse(ULONGLONG number, REPARSE *reparse)
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
ULONG tag_of(ULONGLONG number)
{
    REPARSE *reparse = malloc(sizeof *reparse);
    ULONG tag = read_reparse(number, reparse) ? reparse->tag : 0;
    free(reparse);
    return tag;
}

/* Calls a function with the name of each thing that is kept of an object. */
void each_kept(ULONGLONG number, void (*call)(ULONGLONG, const WCHAR *, int, ULONGLONG, void *), void *with)
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

void remove_one(ULONGLONG number, const WCHAR *name, int units, ULONGLONG size, void *with)
{
    NATIVE *path = malloc(sizeof *path);
    HANDLE handle;
    kept(path, number, L"\\", name, units);
    if (OK(open_plainly(&handle, path, DELETE, FILE_OPEN, FILE_NON_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE)))
        CloseHandle(handle);
    free(path);
}

/* Forgets an object that goes with its last name: another one may get its number. */
void forget(HANDLE handle)
{
    FILE_STANDARD_INFO standard = {0};
    IO_STATUS_BLOCK done;
    ULONGLONG number = number_of(handle);
    if (OK(NtQueryInformationFile(handle, &done, &standard, sizeof standard, STANDARD)) && standard.NumberOfLinks < 2)
        each_kept(number, remove_one, NULL);
}

/* What is beside the content changes the times of the object, which is opened once more for that. */
void touch(HANDLE object)
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
