/* Where links lead. */
#include "ntfs.h"

#define LINKS 63 /* that one path may lead through */
#define TAG_NOT_HANDLED ((NTSTATUS)0xc0000279)
#define NOT_RESOLVED ((NTSTATUS)0xc0000280)

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
NTSTATUS resolve(NATIVE *path, BOOL the_last_too)
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
