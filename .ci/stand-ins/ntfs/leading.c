/* Leading the calls of a program here. */
#include "ntfs.h"

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

/* Nothing is led where no store is named. */
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH && name_store())
    {
        means_link = TlsAlloc();
        lead(GetModuleHandleW(NULL), TRUE);
        lead(GetModuleHandleW(L"kernelbase.dll"), FALSE);
        lead(GetModuleHandleW(L"kernel32.dll"), FALSE);
    }
    return TRUE;
}
