/* Writes many small files as fast as one process can: flood DIRECTORY FILES TEXT
 *
 * The files are DIRECTORY/dN/fN, 1000 in a directory. Those that exist are
 * written anew. Each is opened, written and closed, as programs do. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *path)
{
    perror(path);
    return 1;
}

int main(int argc, char **argv)
{
    char path[4096], text[256];
    if (argc != 4)
        return fprintf(stderr, "usage: flood DIRECTORY FILES TEXT\n"), 2;
    long files = atol(argv[2]);
    for (long n = 0; n < files; n++) {
        if (n % 1000 == 0) {
            snprintf(path, sizeof path, "%s/d%ld", argv[1], n / 1000);
            if (mkdir(path, 0755) != 0 && errno != EEXIST)
                return fail(path);
        }
        snprintf(path, sizeof path, "%s/d%ld/f%ld", argv[1], n / 1000, n % 1000);
        int length = snprintf(text, sizeof text, "%.200s %ld\n", argv[3], n);
        int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (file < 0 || write(file, text, length) != length || close(file) != 0)
            return fail(path);
    }
    return 0;
}
