/* `icacls PATH /grant *SID:(RIGHT)` and `/remove *SID`, which do nothing in Wine 8. RIGHT is F, R or W. */
#include <stdio.h>
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>

static int failed(const char *what, DWORD error)
{
    fprintf(stderr, "%s: error %lu\n", what, error);
    return 1;
}

int wmain(int count, WCHAR **words)
{
    EXPLICIT_ACCESSW entry = {0};
    PSECURITY_DESCRIPTOR descriptor;
    PACL before, after;
    PSID sid;
    WCHAR *right;
    DWORD error;
    BOOL grants = count == 4 && !lstrcmpiW(words[2], L"/grant");

    if (count != 4 || (!grants && lstrcmpiW(words[2], L"/remove")) || words[3][0] != '*') return 1;
    right = wcschr(words[3], ':');
    if (grants != (right != NULL)) return 1;
    if (right) *right++ = 0;
    if (!ConvertStringSidToSidW(words[3] + 1, &sid)) return failed("SID", GetLastError());
    entry.grfAccessMode = grants ? GRANT_ACCESS : REVOKE_ACCESS;
    if (grants)
        entry.grfAccessPermissions = right[1] == 'F' ? FILE_ALL_ACCESS
                                   : right[1] == 'W' ? FILE_GENERIC_WRITE : FILE_GENERIC_READ;
    entry.Trustee.TrusteeForm = TRUSTEE_IS_SID;
    entry.Trustee.ptstrName = sid;
    error = GetNamedSecurityInfoW(words[1], SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
                                  &before, NULL, &descriptor);
    if (error) return failed("reading", error);
    error = SetEntriesInAclW(1, &entry, before, &after);
    if (error) return failed("merging", error);
    error = SetNamedSecurityInfoW(words[1], SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
                                  after, NULL);
    return error ? failed("writing", error) : 0;
}
