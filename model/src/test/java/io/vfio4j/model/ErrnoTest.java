// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ErrnoTest {

  /** From asm-generic/errno-base.h and asm-generic/errno.h. */
  @ParameterizedTest
  @CsvSource({
      "1, EPERM", "2, ENOENT", "4, EINTR", "5, EIO", "6, ENXIO", "7, E2BIG", "9, EBADF", "11, EAGAIN",
      "12, ENOMEM", "13, EACCES", "14, EFAULT", "16, EBUSY", "17, EEXIST", "19, ENODEV", "20, ENOTDIR",
      "22, EINVAL", "23, ENFILE", "24, EMFILE", "25, ENOTTY", "27, EFBIG", "28, ENOSPC", "32, EPIPE",
      "34, ERANGE", "36, ENAMETOOLONG", "38, ENOSYS", "42, ENOMSG", "61, ENODATA", "62, ETIME", "71, EPROTO",
      "74, EBADMSG", "75, EOVERFLOW", "88, ENOTSOCK", "90, EMSGSIZE", "91, EPROTOTYPE", "92, ENOPROTOOPT",
      "95, EOPNOTSUPP", "97, EAFNOSUPPORT", "98, EADDRINUSE", "99, EADDRNOTAVAIL", "103, ECONNABORTED",
      "104, ECONNRESET", "105, ENOBUFS", "106, EISCONN", "107, ENOTCONN", "110, ETIMEDOUT",
      "111, ECONNREFUSED", "113, EHOSTUNREACH", "121, EREMOTEIO", "125, ECANCELED"})
  void matchesLinuxNumbers(int number, String name) {
    assertThat(new Errno(number).name()).isEqualTo(name);
    assertThat(Errno.named(name)).contains(new Errno(number));
    assertThat(new Errno(number).toString()).startsWith(name + " (").endsWith(")");
  }

  @Test
  void matchesConstantsToNames() throws IllegalAccessException {
    int constants = 0;
    for (Field field : Errno.class.getFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        assertThat(Errno.named(field.getName())).contains((Errno) field.get(null));
        constants++;
      }
    }
    assertThat(constants).isPositive();
  }

  @Test
  void formatsNameAndDescription() {
    assertThat(Errno.EINVAL).hasToString("EINVAL (invalid argument)");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -22, 3, 4095, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void formatsUnknownNumber(int number) {
    assertThat(new Errno(number).name()).isEqualTo("errno " + number);
    assertThat(new Errno(number)).hasToString("errno " + number);
  }

  @Test
  void findsByExactNameOnly() {
    assertThat(Errno.named("einval")).isEmpty();
    assertThat(Errno.named("errno 22")).isEmpty();
    assertThat(Errno.named("")).isEmpty();
  }
}
