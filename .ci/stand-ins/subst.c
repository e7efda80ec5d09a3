/* `subst X: PATH` and `subst X: /D`, which do nothing in Wine 8.
 *
 * The drive is defined by Wine's mount manager (mountmgr.sys), as winecfg does it: winioctl's codes
 * and this structure are Wine's own, see include/ddk/mountmgr.h of its source.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>

#define DEFINE_UNIX_DRIVE CTL_CODE('m', 32, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)

struct unix_drive
{
    ULONG size, type, fs_type;
    DWORD serial;
    ULONGLONG unix_dev;
    WCHAR letter;
    USHORT mount_point_offset, device_offset;
    char strings[4096];
};

int wmain(int count, WCHAR **words)
{
    char *(CDECL *unix_name)(const WCHAR *) =
        (void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "wine_get_unix_file_name");
    struct unix_drive drive = {sizeof drive};
    HANDLE manager;
    DWORD got;
    char *path;

    if (count != 3 || !unix_name) return 1;
    drive.letter = towlower(words[1][0]);
    drive.mount_point_offset = offsetof(struct unix_drive, strings);
    drive.device_offset = sizeof drive - 1; /* an empty string */
    drive.type = DRIVE_NO_ROOT_DIR; /* it goes */
    if (lstrcmpiW(words[2], L"/D"))
    {
        path = unix_name(words[2]);
        if (!path || strlen(path) > sizeof drive.strings - 2) return 1;
        strcpy(drive.strings, path);
        drive.type = DRIVE_FIXED;
    }
    manager = CreateFileW(L"\\\\.\\MountPointManager", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, 0);
    if (DeviceIoControl(manager, DEFINE_UNIX_DRIVE, &drive, sizeof drive, NULL, 0, &got, NULL)) return 0;
    fprintf(stderr, "error %lu\n", GetLastError());
    return 1;
}
