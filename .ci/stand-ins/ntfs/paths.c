/* Paths as the kernel takes them. */
#include "ntfs.h"

void append(NATIVE *path, const WCHAR *text, int units)
{
    if (path->units + units >= LONGEST) units = LONGEST - 1 - path->units;
    memcpy(path->text + path->units, text, units * sizeof(WCHAR));
    path->units += units;
    path->text[path->units] = 0;
}

void start(NATIVE *path, const WCHAR *text)
{
    path->units = 0;
    append(path, text, lstrlenW(text));
}

static BOOL is_high(WCHAR unit) { return unit >= 0xd800 && unit < 0xdc00; }
static BOOL is_low(WCHAR unit) { return unit >= 0xdc00 && unit < 0xe000; }

/* Puts what Linux can keep for each unit of an unpaired surrogate. */
void hide_surrogates(WCHAR *text, int units)
{
    for (int i = 0; i < units; i++)
    {
        if (is_high(text[i]) && i + 1 < units && is_low(text[i + 1])) i++;
        else if (is_high(text[i]) || is_low(text[i])) text[i] += 0x800;
    }
}

void show_surrogates(WCHAR *text, int units)
{
    for (int i = 0; i < units; i++)
        if (text[i] >= 0xe000 && text[i] < 0xe800) text[i] -= 0x800;
}

/* Cuts the path to the directory above; FALSE at the top of a drive. */
BOOL cut(NATIVE *path)
{
    int units = path->units;
    while (units > 6 && path->text[units - 1] != '\\') units--;
    if (units <= 6) return FALSE;
    path->units = units - 1;
    path->text[path->units] = 0;
    return TRUE;
}

OBJECT_ATTRIBUTES named(UNICODE_STRING *string, const NATIVE *path)
{
    OBJECT_ATTRIBUTES object = {sizeof object};
    string->Length = string->MaximumLength = path->units * sizeof(WCHAR);
    string->Buffer = (WCHAR *)path->text;
    object.ObjectName = string;
    object.Attributes = OBJ_CASE_INSENSITIVE;
    return object;
}

NTSTATUS open_plainly(HANDLE *handle, const NATIVE *path, ACCESS_MASK access, ULONG how, ULONG options)
{
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES object = named(&string, path);
    IO_STATUS_BLOCK done;
    return NtCreateFile(handle, access | SYNCHRONIZE, &object, &done, NULL, 0, 7, how,
                        options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
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

/* Returns the whole path that is meant by a name and the directory it is in. */
BOOL whole(const OBJECT_ATTRIBUTES *object, NATIVE *path)
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
