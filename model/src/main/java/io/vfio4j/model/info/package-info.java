@NullMarked
package io.vfio4j.model.info;

import org.jspecify.annotations.NullMarked;
