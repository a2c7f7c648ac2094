@NullMarked
package io.vfio4j.cli.recover;

import org.jspecify.annotations.NullMarked;
