/* `pssuspend PID` and `pssuspend -r PID`, which come from Sysinternals and not with Wine. */
#include <stdio.h>
#include <windows.h>

LONG NTAPI NtSuspendProcess(HANDLE process);
LONG NTAPI NtResumeProcess(HANDLE process);

int wmain(int count, WCHAR **words)
{
    BOOL resumes = count == 3 && !lstrcmpW(words[1], L"-r");
    HANDLE process;
    LONG status;
    if (count != 2 && !resumes) return 1;
    process = OpenProcess(PROCESS_SUSPEND_RESUME, FALSE, _wtoi(words[count - 1]));
    if (!process)
    {
        fprintf(stderr, "error %lu\n", GetLastError());
        return 1;
    }
    status = resumes ? NtResumeProcess(process) : NtSuspendProcess(process);
    if (status >= 0) return 0;
    fprintf(stderr, "status %lx\n", status);
    return 1;
}
