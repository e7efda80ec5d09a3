/* Tells a service that its parameters have changed: `sc control NAME paramchange`, which Wine's sc does not know. */
#include <stdio.h>
#include <windows.h>

int main(int count, char **arguments)
{
    SERVICE_STATUS status;
    SC_HANDLE services, service;

    if (count == 2
        && (services = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT))
        && (service = OpenServiceA(services, arguments[1], SERVICE_PAUSE_CONTINUE))
        && ControlService(service, SERVICE_CONTROL_PARAMCHANGE, &status))
        return 0;
    fprintf(stderr, "error: control of the service failed: %lu\n", GetLastError());
    return 1;
}
