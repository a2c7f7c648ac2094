@NullMarked
package io.vfio4j.cli.conform;

import org.jspecify.annotations.NullMarked;
