package dev.walshift.postgres.connect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The password file, ~/.pgpass: lines of {@code host:port:database:user:password}, the first four of which may be {@code *};
 * a backslash takes the next character as it is; the first line that matches counts (passwordFromFile in
 * src/interfaces/libpq/fe-connect.c).
 */
final class PasswordFile {
    private static final Set<PosixFilePermission> OWNERS = EnumSet.of(
            PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE);

    private final List<List<String>> entries;

    private PasswordFile(List<List<String>> entries) {
        this.entries = entries;
    }

    /** Reads the file; one that is missing counts as empty, one that others may read too, with a warning. */
    static PasswordFile read(Path file, Consumer<String> warnings) {
        try {
            if (Files.isReadable(file) && isUsable(file, warnings)) {
                return new PasswordFile(Files.readAllLines(file).stream()
                        .filter(line -> !line.startsWith("#"))
                        .map(PasswordFile::fields)
                        .filter(fields -> fields.size() > 4)
                        .toList());
            }
        } catch (IOException e) {
            warnings.accept("password file %s is ignored, it cannot be read: %s".formatted(file, e));
        }
        return new PasswordFile(List.of());
    }

    private static boolean isUsable(Path file, Consumer<String> warnings) throws IOException {
        if (!Files.isRegularFile(file)) {
            warnings.accept("password file %s is ignored: it is not a plain file".formatted(file));
            return false;
        }
        if (Files.getFileStore(file).supportsFileAttributeView("posix")
                && !OWNERS.containsAll(Files.getPosixFilePermissions(file))) {
            warnings.accept("password file %s is ignored: group or others have access to it; run chmod 600 %s"
                    .formatted(file, file));
            return false;
        }
        return true;
    }

    Optional<Secret> find(Endpoint endpoint, String database, String user) {
        List<String> wanted = List.of(endpoint.host(), Integer.toString(endpoint.port()), database, user);
        return entries.stream()
                .filter(fields -> matches(fields, wanted))
                .findFirst()
                .map(fields -> unescape(fields.get(4)))
                .filter(password -> !password.isEmpty())
                .map(Secret::new);
    }

    private static boolean matches(List<String> fields, List<String> wanted) {
        for (int i = 0; i < wanted.size(); i++) {
            String field = fields.get(i);
            if (!field.equals("*") && !unescape(field).equals(wanted.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** The fields, still escaped: {@code *} matches all, {@code \*} an asterisk. */
    private static List<String> fields(String line) {
        List<String> fields = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < line.length(); i++) {
            if (line.charAt(i) == '\\') {
                i++;
            } else if (line.charAt(i) == ':') {
                fields.add(line.substring(start, i));
                start = i + 1;
            }
        }
        fields.add(line.substring(start));
        return fields;
    }

    private static String unescape(String field) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '\\' && i + 1 < field.length()) {
                i++;
            }
            text.append(field.charAt(i));
        }
        return text.toString();
    }
}
