package dev.walshift.postgres.connect;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads {@code //[user[:password]@][host][:port][,...][/database][?parameter=value&...]}.
 *
 * <p>Cut where libpq cuts (conninfo_uri_parse_options in src/interfaces/libpq/fe-connect.c). Stricter in one thing: a raw
 * {@code @}, {@code ?} or space at an odd place is refused instead of becoming part of a name, because it tells of a password
 * that was not percent-encoded, and a piece of it would then be shown as the host or the database.
 *
 * <p>The JDBC form differs: {@code +} is a space behind the {@code /}, the driver's property names are known too, and
 * {@code ssl=true} asks for verify-full, not require (org.postgresql.jdbc.SslMode).
 */
final class ConnectionUri {
    private static final String ENCODE = ": percent-encode it where it is part of a user, password or database"
            + " (%40 for @, %3A for :, %2F for /, %3F for ?, %25 for %, %20 for a space)";

    private final GivenParameters given;
    private final boolean jdbc;
    /** Not where an unknown parameter's name may be the rest of a password. */
    private boolean mayShowNames;

    ConnectionUri(GivenParameters given, boolean jdbc) {
        this.given = given;
        this.jdbc = jdbc;
    }

    /** @param rest what follows the scheme and its colon; without {@code //} (JDBC only) it starts with the database */
    void read(String rest) {
        if (rest.chars().anyMatch(Character::isWhitespace)) {
            given.problem("the connection URI has a raw space or line break in it" + ENCODE);
            return;
        }
        if (!rest.startsWith("//")) {
            readLocation("/" + (rest.startsWith("/") ? rest.substring(1) : rest));
            return;
        }
        String body = rest.substring(2);
        int end = indexOfAny(body, "@/", 0);
        boolean hasUser = end < body.length() && body.charAt(end) == '@';
        if (!hasUser) {
            readLocation(body);
        } else if (body.substring(0, end).indexOf('?') >= 0) {
            given.problem("the connection URI has a raw ? before its @" + ENCODE);
        } else {
            readUser(body.substring(0, end));
            readLocation(body.substring(end + 1));
        }
    }

    private void readUser(String userInfo) {
        int colon = indexOfAny(userInfo, ":", 0);
        set(Parameter.USER, userInfo.substring(0, colon), false);
        if (colon < userInfo.length()) {
            set(Parameter.PASSWORD, userInfo.substring(colon + 1), false);
        }
    }

    private void readLocation(String location) {
        int hostsEnd = indexOfAny(location, "/?", 0);
        int queryStart = indexOfAny(location, "?", hostsEnd);
        if (location.substring(0, queryStart).indexOf('@') >= 0) {
            given.problem("the connection URI has an @ that does not end its user and password" + ENCODE);
            return;
        }
        readHosts(location.substring(0, hostsEnd));
        if (hostsEnd < queryStart) {
            set(Parameter.DBNAME, location.substring(hostsEnd + 1, queryStart), jdbc);
        }
        if (queryStart < location.length()) {
            mayShowNames = location.indexOf('@') < 0;
            for (String parameter : location.substring(queryStart + 1).split("&", -1)) {
                if (!parameter.isEmpty()) {
                    readParameter(parameter);
                }
            }
        }
    }

    private void readHosts(String text) {
        List<String> hosts = new ArrayList<>();
        List<String> ports = new ArrayList<>();
        for (String hostAndPort : text.split(",", -1)) {
            int hostEnd = indexOfAny(hostAndPort, ":", 0);
            int hostStart = 0;
            int portColon = hostEnd;
            if (hostAndPort.startsWith("[")) {
                hostStart = 1;
                hostEnd = indexOfAny(hostAndPort, "]", 0);
                portColon = hostEnd + 1;
                if (hostEnd < 2 || hostEnd == hostAndPort.length() || !startsWithColonOrEnds(hostAndPort, portColon)) {
                    given.problem(
                            "an IPv6 address in the connection URI must be written as [address] or [address]:port");
                    return;
                }
            }
            hosts.add(hostAndPort.substring(hostStart, hostEnd));
            ports.add(hostAndPort.substring(Math.min(portColon + 1, hostAndPort.length())));
        }
        set(Parameter.HOST, String.join(",", hosts), false);
        set(Parameter.PORT, String.join(",", ports), false);
    }

    private static boolean startsWithColonOrEnds(String text, int at) {
        return at == text.length() || text.charAt(at) == ':';
    }

    private void readParameter(String text) {
        int equals = indexOfAny(text, "=", 0);
        if (equals == text.length() && !jdbc) {
            given.problem("a parameter in the connection URI has no = (an & in a value is written %26)");
            return;
        }
        Optional<String> name = decode(text.substring(0, equals), jdbc);
        Optional<Parameter> parameter = name.flatMap(this::parameter);
        mayShowNames &= parameter.filter(Parameter::isSecret).isEmpty();
        Optional<String> value = decode(text.substring(Math.min(equals + 1, text.length())), jdbc);
        if (name.isEmpty() || value.isEmpty()) {
            return;
        }
        if (name.get().equals("ssl") && isYes(value.get())) {
            given.setFromConnectionString(Parameter.SSLMODE, jdbc ? "verify-full" : "require");
        } else if (parameter.isEmpty()) {
            ConnectionString.unknown(given, name.get(), jdbc, mayShowNames);
        } else if (!jdbc && text.indexOf('=', equals + 1) >= 0) {
            given.problem("the value of %s in the connection URI has a raw =: write %%3D"
                    .formatted(parameter.get().keyword()));
        } else {
            given.setFromConnectionString(parameter.get(), jdbc ? toLibpq(parameter.get(), value.get()) : value.get());
        }
    }

    private Optional<Parameter> parameter(String name) {
        return Parameter.withKeyword(name).or(() -> jdbc ? Parameter.withDriverProperty(name) : Optional.empty());
    }

    private boolean isYes(String value) {
        return value.equals("true") || (jdbc && value.isEmpty());
    }

    /** What libpq calls a value that the JDBC driver calls {@code value}. */
    private static String toLibpq(Parameter parameter, String value) {
        return switch (parameter) {
            case KEEPALIVES -> value.equals("true") ? "1" : value.equals("false") ? "0" : value;
            case TARGET_SESSION_ATTRS ->
                switch (value) {
                    case "master" -> "primary";
                    case "secondary", "slave" -> "standby";
                    case "preferSecondary", "preferSlave" -> "prefer-standby";
                    default -> value;
                };
            default -> value;
        };
    }

    /** Sets a part of the URI that is there; an empty one leaves the word to the other sources. */
    private void set(Parameter parameter, String encoded, boolean plusIsSpace) {
        if (!encoded.isEmpty()) {
            decode(encoded, plusIsSpace).ifPresent(value -> given.setFromConnectionString(parameter, value));
        }
    }

    /** Empty, and a problem added, if an escape is wrong. */
    private Optional<String> decode(String text, boolean plusIsSpace) {
        byte[] bytes = (plusIsSpace ? text.replace('+', ' ') : text).getBytes(StandardCharsets.UTF_8);
        ByteBuffer decoded = ByteBuffer.allocate(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            int value = bytes[i];
            if (value == '%') {
                value = i + 2 < bytes.length
                        ? Character.digit(bytes[i + 1], 16) * 16 + Character.digit(bytes[i + 2], 16)
                        : -1;
                if (value <= 0 || Character.digit(bytes[i + 1], 16) < 0 || Character.digit(bytes[i + 2], 16) < 0) {
                    given.problem(
                            "the connection URI has a % that is not followed by two hexadecimal digits (or is %00):"
                                    + " a % itself is written %25");
                    return Optional.empty();
                }
                i += 2;
            }
            decoded.put((byte) value);
        }
        try {
            return Optional.of(
                    StandardCharsets.UTF_8.newDecoder().decode(decoded.flip()).toString());
        } catch (CharacterCodingException e) {
            given.problem("the connection URI has percent-encoded bytes that are not UTF-8");
            return Optional.empty();
        }
    }

    /** Where the first of {@code characters} is, from {@code start}; the length of {@code text} if there is none. */
    private static int indexOfAny(String text, String characters, int start) {
        for (int i = start; i < text.length(); i++) {
            if (characters.indexOf(text.charAt(i)) >= 0) {
                return i;
            }
        }
        return text.length();
    }
}
